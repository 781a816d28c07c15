import type { MonthColumns, PhotoMetadata } from '#lib/api-schema.ts';
import type { Fields, Waiting } from './waiting-change.ts';

/** What is wanted of a photo, by everything that waits. */
function wantedOf(waiting: readonly Waiting[], id: string): Fields {
  let wanted: Fields = {};
  for (const { change } of waiting) {
    if (change.kind === 'photo' && change.id === id) wanted = { ...wanted, ...change.after };
    else if (change.kind === 'favorite' && change.ids.includes(id)) wanted = { ...wanted, is_favorite: change.is };
    else if (change.kind === 'archive' && change.ids.includes(id)) wanted = { ...wanted, is_archived: change.is };
  }
  return wanted;
}

const hasColumns = (body: unknown): body is MonthColumns => Array.isArray((body as MonthColumns).is_favorite);

/**
 * An answer from before, as it will be once what waits has been sent: after a reload everything stands as somebody left it. Photos
 * that leave a list, or would come into it, are where they were until then: what is where, only the server knows.
 */
export function overlay(body: unknown, waiting: readonly Waiting[]): unknown {
  if (waiting.length === 0 || typeof body !== 'object' || body === null) return body;
  if (hasColumns(body)) {
    const wanted = body.id.map((id) => wantedOf(waiting, id));
    return {
      ...body,
      is_favorite: body.is_favorite.map((was, at) => wanted[at]?.is_favorite ?? was),
      caption: body.caption.map((was, at) => (wanted[at]?.caption === undefined ? was : wanted[at].caption)),
    };
  }
  const { id, filename } = body as Partial<PhotoMetadata>;
  return id !== undefined && filename !== undefined ? { ...body, ...wantedOf(waiting, id) } : body;
}
