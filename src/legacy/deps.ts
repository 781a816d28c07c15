import type { AccountDeps, Client } from '#features/accounts/index.ts';
import type { GenerationDeps } from '#features/generation/index.ts';
import type { OrganizationDeps } from '#features/organizations/index.ts';
import type { PhotoDeps } from '#features/photos/index.ts';
import type { PictureDeps } from '#features/pictures/index.ts';
import type { SharingDeps } from '#features/sharing/index.ts';
import type { StorageDeps } from '#features/storage/index.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import type { LegacyContext } from './system.ts';

/** What adapters hand to the use-cases of the features; of themselves they look into none of it. */
export interface LegacyDeps {
  readonly accounts: AccountDeps;
  readonly organizations: OrganizationDeps;
  readonly photos: PhotoDeps;
  readonly pictures: PictureDeps;
  readonly sharing: SharingDeps;
  readonly generation: GenerationDeps;
  readonly storage: StorageDeps;
  readonly images: {
    /**
     * An address of a picture as it goes into an answer: opened by its signature, as long as the photo, the account and the
     * credential of whoever asked are good. The same all day.
     * @param path of one of the system's own images, escaped
     */
    url(path: string, user: UserCaller): string;
    /**
     * Who opens such an address, for the routes that answer some of its requests themselves: by a token, or by the signature in it.
     * @throws AppError `unauthorized`
     */
    viewerOf(c: LegacyContext): Promise<UserCaller>;
  };
  /** The one who asks, as sessions and the audit log write them down. */
  clientOf(c: LegacyContext): Client;
  /** `https://photos.example.org`, never from the Host header. */
  publicUrl(): string;
}
