import type { ColumnType, Generated } from 'kysely';
import type { PhotoTables } from '#features/photos/index.ts';

type Json<Value> = ColumnType<Value | null, string | null, string | null>;

export interface AlbumTables extends PhotoTables {
  albums: {
    id: string;
    owner_id: string;
    name: string;
    description: string | null;
    cover_photo_id: string | null;
    /** Set on a smart album. */
    filter: Json<Record<string, unknown>>;
    created_at: Generated<Date>;
    updated_at: Generated<Date>;
  };
  album_photos: {
    album_id: string;
    photo_id: string;
    album_owner_id: string;
    position: number;
    added_by: string | null;
    added_at: Generated<Date>;
  };
  album_pins: { user_id: string; album_id: string; created_at: Generated<Date> };
  memberships: { user_id: string; resource_kind: string; resource_id: string; role: string; created_at: Date };
}

export type AlbumRole = 'owner' | 'contributor' | 'viewer';
