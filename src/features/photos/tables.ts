import type { ColumnType, Generated, GeneratedAlways } from 'kysely';
import type { imageTypes, kinds } from './photo-filter.ts';
import type { Recipe } from './recipe.ts';

type BigInteger = ColumnType<string, number | string, number | string>;

export interface PhotoTables {
  photos: {
    id: string;
    owner_id: string;
    blob_hash: Buffer;
    filename: string;
    mime_type: string;
    bytes: BigInteger;
    width: number;
    height: number;
    animated: boolean;
    kind: Generated<(typeof kinds)[number]>;
    image_type: Generated<(typeof imageTypes)[number]>;
    is_primary: Generated<boolean>;
    source_photo_id: string | null;
    /** The link by which a guest sent it. */
    link_id: string | null;
    is_favorite: Generated<boolean>;
    is_archived: Generated<boolean>;
    caption: string | null;
    tags: Generated<string[]>;
    place: string | null;
    style: string | null;
    prompt: string | null;
    recipe: ColumnType<Recipe | null, string | null | undefined, string | null>;
    digital_source: string | null;
    camera: GeneratedAlways<string | null>;
    taken_at: Date;
    taken_offset: number | null;
    taken_from: 'camera' | 'file' | 'upload' | 'person';
    sort_at: GeneratedAlways<string>;
    placeholder: Buffer | null;
    camera_make: string | null;
    camera_model: string | null;
    lens: string | null;
    exposure: ColumnType<Exposure | null, string | null, string | null>;
    latitude: number | null;
    longitude: number | null;
    altitude: number | null;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
    deleted_at: Date | null;
  };
  derivatives: { blob_hash: Buffer; variant: string; mime_type: string; bytes: number; width: number; height: number };
  blobs: { hash: Buffer; bytes: BigInteger; driver: string; created_at: Date };
  photo_search: { photo_id: string; owner_id: string; sort_at: string; is_archived: boolean; words: string };
  search_words: {
    owner_id: string;
    kind: 'word' | 'tag' | 'camera' | 'place' | 'style';
    word: string;
    label: string | null;
  };
  timeline_months: { owner_id: string; month: string; photos: number; favorites: number; made: number };
  uploads: {
    id: string;
    owner_id: string;
    filename: string;
    modified_at: Date | null;
    bytes: BigInteger;
    status: Generated<'receiving' | 'complete' | 'failed'>;
    photo_id: string | null;
    duplicate: Generated<boolean>;
    error: ColumnType<UploadError | null, string | null, string | null>;
    created_at: Generated<Date>;
    expires_at: Date;
  };
  downloads: {
    id: string;
    owner_id: string;
    photo_ids: string[];
    created_at: Generated<Date>;
    expires_at: Date;
    album_id: string | null;
    name: string | null;
  };
}

export interface Exposure {
  time: number | null;
  aperture: number | null;
  iso: number | null;
  focal_length: number | null;
}

export interface UploadError {
  code: string;
  message: string;
  details: Record<string, unknown>;
}
