import type { NewStep, PhotoMetadata } from '#lib/api-schema.ts';

/** What of a photo may be written while the server is away. Its date may not: the photo would move to another month. */
export type Fields = Partial<Pick<PhotoMetadata, 'caption' | 'place' | 'tags' | 'is_favorite' | 'is_archived'>>;
export const fieldNames = [
  'caption',
  'place',
  'tags',
  'is_favorite',
  'is_archived',
] as const satisfies (keyof Fields)[];

/** What waits for the server. Each says what is to be, not what is to be done: sent twice it is the same as once. */
export type Change =
  | { readonly kind: 'favorite' | 'archive'; readonly ids: readonly string[]; readonly is: boolean }
  | {
      readonly kind: 'photo';
      readonly id: string;
      readonly filename: string;
      /** As it was: where the server has neither this nor what is wanted, somebody else was there in the meantime. */
      readonly before: Fields;
      readonly after: Fields;
    }
  | {
      readonly kind: 'step';
      /** Null for one that begins a session. */
      readonly session: string | null;
      /** Its `correlation_id` tells whether it has arrived already. */
      readonly step: NamedStep;
    };

export type NamedStep = NewStep & { correlation_id: string };

/** A step has its name from its first try on: an answer may be lost, and the server must know it again when it is sent once more. */
export function named(step: NewStep): NamedStep {
  // Random bytes are there without an encrypted connection as well, a UUID is not.
  const random = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0'));
  return { ...step, correlation_id: `asked-${random.join('')}` };
}

export interface Waiting {
  /** In the order they were asked for. */
  readonly key: number;
  readonly user: string;
  readonly change: Change;
  /** Why the server has not taken it; null while it waits. */
  readonly problem: { readonly isConflict: boolean; readonly text: string } | null;
  /** A window is sending it, until this moment at the latest: only where browsers have no locks. */
  readonly taken?: number;
}
