import { type Kysely, sql } from 'kysely';

// What separates words: controls, punctuation, spaces, joiners and variation selectors. Named one by one, since what a class
// such as [:alpha:] holds depends on the locale that the database was made with.
const separators =
  String.raw`\u0001-\u0020!-/:-@\[-` +
  String.raw`\u0060{-\u00bf\u00d7\u00f7\u2000-\u206f\u2e00-\u2e7f\u3000-\u3004\u3008-\u303f\ufe00-\ufe0f`;
/** Arrows, symbols, dingbats, emoji: each is a word by itself. */
const symbols = String.raw`\u2190-\u2bff\U0001f000-\U0001faff`;
/** What is written without spaces between words: Thai, Lao, Burmese, Khmer, Chinese, Japanese. */
const unspaced = String.raw`\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff`;

/**
 * How text becomes what is searched by: the same functions fold what is written and what is asked, in any database.
 * A lexeme is a word as it is; `#tag`, `camera=…` and their like are whole values, `@…` is an album. Where words are not told
 * apart by spaces, each character is a lexeme, and each two that stand together: any part is found by its pairs, however many
 * texts it is in.
 */
export async function textFunctions(db: Kysely<unknown>): Promise<void> {
  const collation = sql.id(await caseCollation(db));
  const pure = sql`language sql stable parallel safe`;

  await sql`
    create function search_fold(p_text text) returns text ${pure} as $$
      select case when octet_length(p_text) = length(p_text) then lower(p_text) else
        normalize(regexp_replace(normalize(lower(
          public.unaccent('public.unaccent'::regdictionary, normalize(p_text, NFKC)) collate ${collation}), NFD), ${sql.lit(String.raw`[\u0300-\u036f]`)}, '', 'g'), NFC) end
    $$`.execute(db);
  await sql`
    create function search_unspaced(p_token text) returns boolean language sql immutable parallel safe as $$
      select p_token ~ ${sql.lit(`[${unspaced}]`)}
    $$`.execute(db);
  // Words of sixty characters at the most: a lexeme may have 2 kB.
  await sql`
    create function search_tokens(p_text text) returns text[] ${pure} as $$
      select coalesce(array_agg(case when search_unspaced(m[1]) then m[1] else left(m[1], 60) end order by n), '{}')
      from regexp_matches(search_fold(p_text),
        ${sql.lit(`([${symbols}]|[${unspaced}]+|[^${separators}${symbols}${unspaced}]+)`)}, 'g') with ordinality r(m, n)
    $$`.execute(db);
  await sql`
    create function search_pairs(p_token text) returns text[] language sql immutable parallel safe as $$
      select coalesce(array_agg(distinct c || next), '{}') from (
        select c, lead(c) over (order by n) as next from unnest(string_to_array(p_token, null)) with ordinality u(c, n)) pairs
      where next is not null
    $$`.execute(db);
  // IMG2041 is found by itself, by img and by 2041; 00123 by 123 as well.
  await sql`
    create function search_lexemes(p_text text) returns text[] ${pure} as $$
      select coalesce(array_agg(distinct w), '{}') from (
        select t as w from unnest(search_tokens(p_text)) t where not search_unspaced(t)
        union all
        select unnest(string_to_array(t, null) || search_pairs(t)) from unnest(search_tokens(p_text)) t where search_unspaced(t)
        union all
        select m[1] from unnest(search_tokens(p_text)) t, regexp_matches(t, '([0-9]+|[^0-9]+)', 'g') m
          where t ~ '[0-9]' and t ~ '[^0-9]'
        union all
        select ltrim(m[1], '0') from unnest(search_tokens(p_text)) t, regexp_matches(t, '(?<![0-9])(0[0-9]*[1-9][0-9]*)', 'g') m
      ) words
    $$`.execute(db);

  // Owners whose marks are the same share a place in the index, and nothing else: the policy asks for the owner himself.
  await sql`
    create function search_mark(p_owner uuid) returns text language sql immutable parallel safe as $$
      select left(md5(p_owner::text), 6)
    $$`.execute(db);
  await sql`
    create function album_lexeme(p_album uuid) returns text language sql immutable parallel safe as $$
      select '@' || right(p_album::text, 12)
    $$`.execute(db);
  await sql`
    create function exact_key(p_value text) returns text ${pure} as $$
      select lower(normalize(p_value, NFC) collate ${collation})
    $$`.execute(db);
  await sql`
    create function exact_lexeme(p_kind text, p_key text) returns text language sql immutable parallel safe as $$
      select case p_kind when 'word' then p_key when 'tag' then '#' || p_key else p_kind || '=' || p_key end
    $$`.execute(db);
  // Quoted, so that nothing in a word is an operator of a tsquery.
  await sql`
    create function search_term(p_owner uuid, p_lexeme text) returns text language sql immutable parallel safe as $$
      select '''' || search_mark(p_owner) || replace(replace(p_lexeme, '\\', '\\\\'), '''', '''''') || ''''
    $$`.execute(db);

  await sql`
    create function photo_words(p_owner uuid, p_caption text, p_filename text, p_tags text[], p_camera text, p_place text,
      p_style text, p_prompt text, p_kind text, p_mime_type text, p_albums text[]) returns tsvector ${pure} as $$
      select array_to_tsvector(array(
        select search_mark(p_owner) || w from unnest(search_lexemes(concat_ws(' ', p_caption,
          regexp_replace(p_filename, '\\.[A-Za-z0-9]{1,5}$', ''), array_to_string(p_tags, ' '), p_camera, p_place, p_style,
          left(p_prompt, 4000)))) w
        union all
        select search_mark(p_owner) || exact_lexeme('tag', exact_key(t)) from unnest(p_tags) t
        union all
        select search_mark(p_owner) || exact_lexeme(kind, exact_key(value)) from (values ('camera', p_camera), ('place', p_place),
          ('style', p_style), ('kind', p_kind), ('format', split_part(p_mime_type, '/', 2))) v(kind, value) where value <> ''
        union all
        select unnest(p_albums)))
    $$`.execute(db);
}

/** One that knows upper and lower case beyond ASCII, which a database's own need not; built-in ones stay as they are. */
async function caseCollation(db: Kysely<unknown>): Promise<string> {
  const known = ['pg_c_utf8', 'und-x-icu', 'C.utf8', 'C.UTF-8', 'en_US.utf8', 'default'];
  const { rows } = await sql<{ name: string }>`
    select collname as name from pg_collation
    where collname = any(${known}) and collnamespace = 'pg_catalog'::regnamespace
      and collencoding in (-1, (select encoding from pg_database where datname = current_database()))
    order by array_position(${known}, collname::text) limit 1`.execute(db);
  return rows[0]?.name ?? 'default';
}
