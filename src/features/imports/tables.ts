import type { Generated } from 'kysely';

/** What a thing of an earlier system can be. */
export type ImportedKind = 'person' | 'organization' | 'photo' | 'album' | 'identity';

export interface ImportTables {
  imported: {
    system: string;
    kind: ImportedKind;
    earlier_id: string;
    id: string;
    /** Null for organizations, which nobody owns, and for people, so that this outlives their account. */
    owner_id: string | null;
    imported_at: Generated<Date>;
    /** Of photos that an import made: whether it was told when they were taken. */
    brought: 'dated' | 'undated' | null;
  };
}
