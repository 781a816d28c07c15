import { AppError } from '#platform/http/app-error.ts';

const sentences: Record<string, string> = {
  TT020: 'You administer 50 organizations, which is the most. Delete one, or have somebody else make it.',
  TT021: 'This organization has 1000 people, those included who are asked to join, which is the most.',
  TT022:
    'The organization would be left without an administrator. Make somebody else one first, or delete the organization.',
};

/** Turns what the functions of the database raise into what a person can act on; anything else is thrown on. */
export function explainError(error: unknown): never {
  const { code } = (error ?? {}) as { code?: string };
  const sentence = sentences[code ?? ''];
  if (sentence) throw new AppError('conflict', sentence);
  // Gone, or no longer within reach, since it was found to be.
  if (code === '23503') throw new AppError('not_found', 'There is no such organization, or person, any more.');
  throw error;
}
