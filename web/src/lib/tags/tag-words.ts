/** Tags are told apart without regard to case. */
const isSame = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();

/** `lake, boat , ` → `['lake', 'boat']`, each once and without those that are there already. */
export function newTagsIn(text: string, there: readonly string[]): string[] {
  const found: string[] = [];
  for (const part of text.split(',')) {
    const tag = part.trim().replace(/\s+/g, ' ');
    if (tag && ![...there, ...found].some((other) => isSame(other, tag))) found.push(tag);
  }
  return found;
}

/** The tags without one. */
export function withoutTag(tags: readonly string[], gone: string): string[] {
  return tags.filter((tag) => !isSame(tag, gone));
}

export function hasTag(tags: readonly string[], wanted: string): boolean {
  return tags.some((tag) => isSame(tag, wanted));
}
