/** A caption as it is kept: PostgreSQL's text has no NUL, and an empty one is none. */
export const toCaption = (text: string | null): string | null => text?.replaceAll('\0', '') || null;
