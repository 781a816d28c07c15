import type { Made, Told } from '#features/photos/index.ts';

/** Why a file stays where it is. */
export const reasons = {
  video: 'a video: this library keeps pictures',
  raw: 'a raw file: this library keeps pictures',
  not_a_picture: 'not a picture that can be kept: JPEG, PNG, WebP, GIF, AVIF and HEIC can',
  undecodable: 'damaged: it cannot be decoded in full',
  empty: 'empty',
  too_large: 'larger than TINTYPE_MAX_UPLOAD lets files be',
  too_detailed:
    'public pictures have 500 KB at the most, and it keeps more at any quality: set a smaller or a smoother one',
  too_many_pixels: 'more pixels than can be kept',
  no_room: 'its owner has no room left',
  no_owner: 'nobody is known to own it',
  left_out: 'of somebody who was left out',
  owner_gone: 'whose it was came along once, and was deleted here',
  link: 'a symbolic link, which is not followed',
  not_a_file: 'neither a file nor a folder',
  outside: 'outside the folder',
  missing: 'not there',
  elsewhere: 'at another address: nothing is fetched',
  same_name: 'its name is not UTF-8, and another beside it has the same in UTF-8: rename one of them',
  unreadable: 'it cannot be read',
  hidden: 'hidden, or a thumbnail of another program',
  in_trash: 'in the trash there',
  unfinished: 'never fetched there from what made it',
  altered: 'not the bytes that it is known by there: damaged, or cut short on its way',
  sidecar: 'tells of a picture that is not here',
} as const;

export type Reason = keyof typeof reasons;

/** Something that stays where it is. */
export interface Passed {
  /** As whoever looks for it knows it. */
  readonly name: string;
  readonly why: Reason;
}

export class Skip extends Error {
  override readonly name = 'Skip';
  readonly why: Reason;

  constructor(why: Reason) {
    super(reasons[why]);
    this.why = why;
  }
}

/** A file that was opened. */
export interface OpenFile {
  readonly bytes: number;
  readonly modifiedAt: Date | null;
  readonly body: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
}

export interface EarlierPerson {
  /** What the earlier system knows them by; kept as their id where it is a UUID that is free. */
  readonly earlierId: string;
  /** What else it knows them by, in its addresses. */
  readonly aliases?: readonly string[];
  readonly username: string;
  readonly email: string | null;
  readonly displayName: string | null;
  readonly passwordHash: string | null;
  readonly createdAt: Date | null;
  readonly isDisabled: boolean;
  /** The name of the account here that is theirs, where whoever runs the import says so. */
  readonly account?: string;
  /** What whoever runs the import should know of what they were. */
  readonly notes?: readonly string[];
}

export interface EarlierMember {
  /** As {@link EarlierPerson.earlierId}. */
  readonly person: string;
  readonly role: 'admin' | 'member';
}

export interface EarlierOrganization {
  /** Kept as its id where it is a UUID that is free. */
  readonly earlierId: string;
  readonly name: string;
  readonly members: readonly EarlierMember[];
  readonly notes?: readonly string[];
}

/** What somebody, or an organization, shows everybody. */
export interface EarlierPicture {
  /** As whoever looks for it knows it. */
  readonly name: string;
  readonly kind: 'profile' | 'logo';
  /** The person's or the organization's `earlierId`. */
  readonly of: string;
  /** @throws Skip */
  open(): Promise<OpenFile>;
}

export interface EarlierAlbum {
  readonly earlierId: string;
  readonly name: string;
  readonly description: string | null;
}

/** Whose a photo is: somebody of the earlier system, the account that the import names, or nobody who is known. */
export type EarlierOwner = { readonly person: string } | 'named' | 'unknown';

export interface EarlierPhoto {
  /** As whoever looks for it knows it: its path. */
  readonly name: string;
  readonly filename: string;
  /** What the earlier system knew it by, in its rows and in its addresses; each leads to it from now on. The first tells whether it came already. */
  readonly earlierIds: readonly [string, ...string[]];
  /** Kept where it is a UUID that is free. */
  readonly id?: string | undefined;
  readonly owner: EarlierOwner;
  readonly told: Told;
  readonly isPrimary?: boolean;
  readonly albums: readonly EarlierAlbum[];
  /** Set on what was made there, and not uploaded. */
  readonly made?: EarlierMaking;
  /** @throws Skip */
  open(): Promise<OpenFile>;
}

export interface EarlierMaking {
  readonly kind: Made['kind'];
  /**
   * The photo that it was made of: one that has no turn of its own, and comes just before it; or the first earlier id of one that
   * had its turn already.
   */
  readonly of: EarlierPhoto | string | null;
  readonly style?: string | undefined;
  readonly prompt?: string | undefined;
  readonly recipe: Made['recipe'];
}

/** An album whose photos have an order, told once all of them came. */
export interface EarlierWholeAlbum extends EarlierAlbum {
  /** The first earlier ids of its photos, in its order. */
  readonly photos: readonly string[];
  /** The first earlier id of its cover. */
  readonly cover: string | null;
}

/** A library of another program: read, and never written to. */
export interface EarlierSystem {
  /** As `imported` names it. */
  readonly name: string;
  people?(): AsyncIterable<EarlierPerson>;
  /** Asked once people are through. */
  organizations?(): AsyncIterable<EarlierOrganization>;
  pictures?(): AsyncIterable<EarlierPicture>;
  photos(): AsyncIterable<EarlierPhoto | Passed>;
  /** Of the account that the import names. */
  albums?(): AsyncIterable<EarlierWholeAlbum>;
  /** How many `pictures` and `photos` have, for whoever waits. */
  count(): Promise<number>;
  close(): Promise<void>;
}

export const isPassed = (item: EarlierPhoto | Passed): item is Passed => 'why' in item;
