import { createHash } from 'node:crypto';
import { type Expression, type Kysely, type RawBuilder, type SqlBool, sql } from 'kysely';
import type { PhotoFilter } from './photo-filter.ts';
import type { PhotoTables } from './tables.ts';

type Tx = Kysely<PhotoTables>;

/** Photos by id, or everything that matches but for some. */
export type PhotoSelection = {
  ids?: string[] | undefined;
  filter?: PhotoFilter | undefined;
  except?: string[] | undefined;
};

/** A filter that was understood: what the index of words is asked, and what is left to ask of the photos themselves. */
export interface Search {
  readonly ownerId: string;
  readonly filter: PhotoFilter;
  /** A tsquery. Null where the filter names no words or whole values. */
  readonly words: string | null;
  /** There was something to search for, and no word in it. */
  readonly findsNothing: boolean;
  /** Live photos in the archive: none, them alone, or both. */
  readonly archived: boolean | 'any';
  /** Whether the index alone can answer. */
  readonly isIndexed: boolean;
}

/** Finds out what a filter's words stand for: parts of words that the owner has, and albums of that name. */
export async function understand(tx: Tx, ownerId: string, filter: PhotoFilter): Promise<Search> {
  const { q } = filter;
  const isGathered = Boolean(q || filter.album_id || filter.session_id || filter.step_id);
  const { archived = isGathered ? 'any' : false } = filter;
  const exact = exactValues(filter);
  const search = { ownerId, filter, words: null, findsNothing: false, archived, isIndexed: false };
  if (!q && exact.length === 0) return search;

  const { rows } = await sql<{ lexemes: string[]; terms: Term[] }>`
    with mine as materialized (
      select id, search_tokens(name) as tokens from albums where owner_id = ${ownerId} and filter is null and ${Boolean(q)})
    select array(select exact_lexeme(kind, exact_key(value)) from unnest(${exact.map(([kind]) => kind)}::text[],
        ${exact.map(([, value]) => value)}::text[]) e(kind, value)) as lexemes,
      coalesce((select jsonb_agg(jsonb_build_object('token', t.token,
        'pairs', case when search_unspaced(t.token) then search_pairs(t.token) end,
        'parts', (select jsonb_agg(w.word) from (
          select w.word from search_words w where ${hasParts(sql`t.token`)} and w.owner_id = ${ownerId} and w.kind = 'word'
            and w.word like '%' || t.token || '%' and not starts_with(w.word, t.token)
          order by length(w.word), w.word limit ${mostParts} / t.words + 1) w),
        'albums', (select jsonb_agg(album_lexeme(a.id)) from mine a where exists (select from unnest(a.tokens) word
          where starts_with(word, t.token)
            or ((${hasParts(sql`t.token`)} or search_unspaced(t.token)) and strpos(word, t.token) > 0))))
      ) from (select token, count(*) over () as words from (select distinct unnest(search_tokens(${q ?? ''})) as token) each) t
      ), '[]') as terms`.execute(tx);
  const { lexemes = [], terms = [] } = rows[0] ?? {};
  const quoted = quoter(ownerId);
  const words = [...lexemes.map(quoted), ...terms.map((term) => alternatives(term, quoted))].join(' & ');
  const { favorite, generated, since, album_id, session_id, step_id, image_type } = filter;
  return {
    ...search,
    words,
    findsNothing: Boolean(q) && terms.length === 0,
    isIndexed: [favorite, generated, since, album_id, session_id, step_id, image_type].every(
      (value) => value === undefined,
    ),
  };
}

interface Term {
  token: string;
  /** Of two characters each, where words are written without spaces between them. */
  pairs: string[] | null;
  parts: string[] | null;
  albums: string[] | null;
}

const exactValues = ({ tag = [], camera, place, kind, style, format }: PhotoFilter): [kind: string, value: string][] =>
  [...tag.map((one) => ['tag', one] as const), ...Object.entries({ camera, place, kind, style, format })].flatMap(
    ([name, value]) => (value ? [[name, value] as [string, string]] : []),
  );

/**
 * Parts of words count from three letters on; where words are written without spaces between them, pairs stand for parts of any
 * length. Numbers are found by their beginning: parts of them are in every file name.
 */
const hasParts = (token: RawBuilder<unknown>) =>
  sql`(${token} !~ '[0-9]' and length(${token}) >= 3 and not search_unspaced(${token}))`;

/**
 * Words that the parts of one search stand for, the shortest first: the index looks for each of them in each photo that has any.
 * A library of a hundred thousand photos has some five thousand words, of which few parts are in so many.
 */
const mostParts = 150;

/** A lexeme of the owner's as a tsquery has it, so that nothing in it is an operator; `search_term` in the database does the same. */
function quoter(ownerId: string): (lexeme: string) => string {
  const mark = createHash('md5').update(ownerId).digest('hex').slice(0, 6);
  return (lexeme) => `'${mark}${lexeme.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;
}

function alternatives({ token, pairs, parts, albums }: Term, quoted: (lexeme: string) => string): string {
  if (pairs) {
    const together = (pairs.length > 0 ? pairs : [token]).map(quoted).join(' & ');
    return `(${[`(${together})`, ...(albums ?? []).map(quoted)].join(' | ')})`;
  }
  const pieces = token.match(/\d+|\D+/g) ?? [];
  const last = pieces.length - 1;
  // "iphone15" also stands for "iPhone 15"; "a7" does not stand for whatever has an a and a number that begins with 7.
  const apart =
    last > 0 && /^\D{3}/.test(token) ? pieces.map((piece, at) => `${quoted(piece)}${at === last ? ':*' : ''}`) : [];
  const all = [
    `${quoted(token)}:*`,
    ...(apart.length > 0 ? [`(${apart.join(' & ')})`] : []),
    ...[...(parts ?? []), ...(albums ?? [])].map(quoted),
  ];
  return `(${all.join(' | ')})`;
}

const withoutOffset = (time: string): string => time.replace(/(Z|[+-]\d{2}:?\d{2})$/, '');

/** When it was taken and whether it is archived: asked of `photos` and of `photo_search` alike. */
function shared({ filter, archived }: Search): Expression<SqlBool>[] {
  return [
    ...(archived === 'any' ? [] : [sql<SqlBool>`is_archived = ${sql.lit(archived)}`]),
    ...(filter.taken_after ? [sql<SqlBool>`sort_at >= ${withoutOffset(filter.taken_after)}::timestamp`] : []),
    ...(filter.taken_before ? [sql<SqlBool>`sort_at < ${withoutOffset(filter.taken_before)}::timestamp`] : []),
  ];
}

/**
 * The live photos of an owner that a filter lets through, as a condition on `photos`. `within` spares looking further for what
 * the query itself narrows in time.
 */
export function matching(search: Search, within: { from?: string; to?: string } = {}): Expression<SqlBool> {
  const { ownerId, filter, words } = search;
  if (search.findsNothing) return sql<SqlBool>`false`;
  const conditions = [sql<SqlBool>`owner_id = ${ownerId}`, sql<SqlBool>`deleted_at is null`, ...shared(search)];
  if (filter.favorite !== undefined) conditions.push(sql<SqlBool>`is_favorite = ${sql.lit(filter.favorite)}`);
  if (filter.generated !== undefined) {
    conditions.push(filter.generated ? sql<SqlBool>`kind <> 'uploaded'` : sql<SqlBool>`kind = 'uploaded'`);
  }
  // As text, so that the index of those that are no gallery's is seen to fit.
  if (filter.image_type) conditions.push(sql<SqlBool>`image_type = ${sql.lit(filter.image_type)}`);
  if (filter.since) conditions.push(sql<SqlBool>`created_at >= ${filter.since}`);
  if (filter.album_id) {
    conditions.push(
      sql<SqlBool>`id in (select ap.photo_id from album_photos ap where ap.album_id = ${filter.album_id})`,
    );
  }
  // A picture that the studio made has the id of the alternative that it was.
  if (filter.step_id) {
    conditions.push(sql<SqlBool>`id in (select a.id from step_alternatives a where a.step_id = ${filter.step_id})`);
  }
  if (filter.session_id) {
    conditions.push(
      sql<SqlBool>`id in (select a.id from generation_steps s join step_alternatives a on a.step_id = s.id
        where s.session_id = ${filter.session_id})`,
    );
  }
  // The function says what is searched for in the moment it looks: a transaction may hold several conditions.
  if (words !== null) {
    const from = within.from ?? (filter.taken_after ? withoutOffset(filter.taken_after) : null);
    const to = within.to ?? (filter.taken_before ? withoutOffset(filter.taken_before) : null);
    conditions.push(
      sql<SqlBool>`id in (select search_photos(${ownerId}, ${words}, ${from}::timestamp, ${to}::timestamp))`,
    );
  }
  return sql<SqlBool>`${sql.join(conditions, sql` and `)}`;
}

// The policy has asked for the words already, and to compare them once more takes as long again; where no policy stands, this does.
const isFound = sql`((select row_security_active('photo_search')) or words @@ (select app_search()))`;

/** Rows of `photo_search` that a search finds, after {@link begin}. */
export const found = (search: Search): Expression<SqlBool> =>
  sql<SqlBool>`${sql.join([sql`owner_id = ${search.ownerId}`, isFound, ...shared(search)], sql` and `)}`;

/** A search that words were made up for may take any time; what a page of photos is worth it may take. */
export async function limitTime(tx: Tx): Promise<void> {
  await sql`set local statement_timeout = ${sql.lit(mostMs)}`.execute(tx);
}

const mostMs = 8000;

/** Says what is searched for, which the policy of `photo_search` asks; the next query must be the one that looks. */
export async function begin(tx: Tx, search: Search): Promise<void> {
  await sql`select set_config('app.search', ${search.words ?? ''}, true)`.execute(tx);
}

/**
 * Has the next queries of the transaction read `photo_search` in its order: the index of words knows none and is read whole, and how
 * much a search finds is hidden from the planner, which would read the table for want of better.
 */
export async function lookByTime(tx: Tx): Promise<void> {
  await sql`select set_config('enable_bitmapscan', 'off', true), set_config('enable_seqscan', 'off', true)`.execute(tx);
}

/** Photos by their ids or by a filter, as a condition on `photos`: live ones of the owner's. */
export async function selected(tx: Tx, ownerId: string, selection: PhotoSelection): Promise<Expression<SqlBool>> {
  if (selection.ids) return sql<SqlBool>`owner_id = ${ownerId} and deleted_at is null and id = any(${selection.ids})`;
  const condition = matching(await understand(tx, ownerId, selection.filter ?? {}));
  return sql<SqlBool>`${condition} and id <> all(${selection.except ?? []}::uuid[])`;
}
