import type { BlobKey, BlobVariant } from './blob-store.ts';

const fileName = /^([0-9a-f]{64})(?:\.(preview|medium|small|cleaned|picture(?:512|256|128|64)?))?$/;

/**
 * Where a blob lies, in a folder and in a bucket alike: `originals/ab/cd/<hash>` and `derivatives/ab/cd/<hash>.<variant>`, where ab
 * and cd are the first digits of the hash.
 * @throws Error when the key is no content address, so that no path can be made to lead elsewhere
 */
export function toAddress({ hash, variant }: BlobKey): string {
  const [root, name] = variant === 'original' ? ['originals', hash] : ['derivatives', `${hash}.${variant}`];
  if (!fileName.test(name)) throw new Error('A blob key needs a sha256 in lower-case hex and a known variant.');
  return `${root}/${hash.slice(0, 2)}/${hash.slice(2, 4)}/${name}`;
}

/** The folders that addresses begin with. */
export const roots = ['originals', 'derivatives'] as const;

/** The blob of a name in one of the {@link roots}; null when no blob is called that. */
export function fromName(root: (typeof roots)[number], name: string): BlobKey | null {
  const [, hash, variant] = fileName.exec(name) ?? [];
  if (!hash || (root === 'originals') !== (variant === undefined)) return null;
  return { hash, variant: (variant as BlobVariant | undefined) ?? 'original' };
}
