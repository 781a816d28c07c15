import type { ColumnType, Generated } from 'kysely';
import type { PhotoTables } from '#features/photos/index.ts';

export interface SharingTables extends PhotoTables {
  shared_links: {
    id: string;
    owner_id: string;
    photo_id: string | null;
    album_id: string | null;
    /** Written and never read: the app login may not. */
    key_hash: ColumnType<never, Buffer, never>;
    key_sealed: Buffer;
    password_hash: ColumnType<never, string | null, string | null>;
    has_password: ColumnType<boolean, never, never>;
    password_version: Generated<number>;
    allow_download: Generated<boolean>;
    allow_upload: Generated<boolean>;
    show_metadata: Generated<boolean>;
    max_views: number | null;
    views: Generated<number>;
    last_viewed_at: Date | null;
    created_at: Generated<Date>;
    expires_at: Date | null;
    revoked_at: Date | null;
  };
  albums: {
    id: string;
    owner_id: string;
    name: string;
    description: string | null;
    cover_photo_id: string | null;
    filter: unknown;
  };
  album_photos: {
    album_id: string;
    photo_id: string;
    album_owner_id: string;
    position: number;
    added_by: string | null;
    added_at: Generated<Date>;
    link_id: string | null;
  };
}
