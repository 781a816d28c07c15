import { keeperOf } from './assign-earlier.ts';
import { bringAlbumWhole, isNewAlbum } from './bring-album.ts';
import { type BroughtOrganization, bringOrganization } from './bring-organization.ts';
import { type BroughtPerson, bringPerson, newMet } from './bring-person.ts';
import { bringPhoto } from './bring-photo.ts';
import { bringPicture } from './bring-picture.ts';
import type { ImportDeps } from './deps.ts';
import {
  type EarlierOrganization,
  type EarlierPerson,
  type EarlierPhoto,
  type EarlierSystem,
  isPassed,
  type Passed,
  type Reason,
  Skip,
} from './earlier-system.ts';
import { ImportError } from './import-error.ts';
import { toWrittenId } from './kept-id.ts';
import { newRehearsal, rehearsePhoto } from './rehearse-photo.ts';

export interface ImportTerms {
  readonly dryRun: boolean;
  readonly matchEmails: boolean;
  /** An administrator: makes accounts, and keeps what nobody is known to own. */
  readonly adminId: string;
  /** Whose all is, where the system has no people. */
  readonly namedId: string | null;
  /** See `PeopleTerms.closedHash`. */
  readonly closedHash: string;
  /** Photos at once. */
  readonly lanes: number;
  readonly signal: AbortSignal;
  onProgress(state: { done: number; of: number }): void;
  onSkipped(passed: Passed): void;
  onPerson(person: BroughtPerson): void;
  onOrganization(organization: BroughtOrganization): void;
}

export interface ImportCounts {
  readonly people: Record<Exclude<BroughtPerson['outcome'], 'named'>, number> & { named?: number };
  /** Of systems that have such alone. */
  readonly organizations?: Record<BroughtOrganization['outcome'], number>;
  readonly pictures?: { shown: number; there: number; kept: number; skipped: number };
  readonly photos: { brought: number; there: number; duplicate: number; aside: number; skipped: number };
  readonly albums: number;
  readonly reasons: Partial<Record<Reason, number>>;
}

interface Owner {
  /** Null for whose account a dry run does not make. */
  readonly id: string | null;
  readonly key: string;
}

/**
 * Brings a library of another program along: people first, then photos, each as its owner's. It may be ended at any moment and run
 * again: what came is known by rows that were committed with it, and is passed by.
 * @throws ImportError, AppError `storage_full`; what has come until then stays
 */
export async function importLibrary(
  deps: ImportDeps,
  system: EarlierSystem,
  terms: ImportTerms,
): Promise<ImportCounts> {
  const people: ImportCounts['people'] = { made: 0, matched: 0, there: 0, skipped: 0 };
  const photos = { brought: 0, there: 0, duplicate: 0, aside: 0, skipped: 0 };
  const reasons: Partial<Record<Reason, number>> = {};
  let albums = 0;

  const keeperId = await keeperOf(deps, system.name, terms.adminId);
  const named = { ...terms, system: system.name, met: newMet() };
  const owners = new Map<string, Owner>();
  /** People and organizations that were deleted here. */
  const gone = new Set<string>();
  const leftOut = new Set<string>();
  for await (const person of system.people?.() ?? []) {
    if (terms.signal.aborted) break;
    const brought = await bringPerson(deps, named, withWrittenNames(person));
    people[brought.outcome] = (people[brought.outcome] ?? 0) + 1;
    terms.onPerson(brought);
    if (brought.isGone) gone.add(`profile ${person.earlierId}`);
    else if (brought.outcome === 'skipped') leftOut.add(`profile ${person.earlierId}`);
    else {
      owners.set(person.earlierId, { id: brought.id, key: brought.id ?? person.earlierId });
    }
  }

  const organizations = { made: 0, there: 0, skipped: 0 };
  const shownBy = new Map<string, string | null>();
  for (const [earlierId, { id }] of owners) shownBy.set(`profile ${earlierId}`, id);
  for await (const organization of system.organizations?.() ?? []) {
    if (terms.signal.aborted) break;
    const brought = await bringOrganization(
      deps,
      named,
      withWrittenId(organization),
      (person) => owners.get(person)?.id,
    );
    organizations[brought.outcome] += 1;
    terms.onOrganization(brought);
    if (brought.isGone) gone.add(`logo ${organization.earlierId}`);
    else if (brought.outcome === 'skipped') leftOut.add(`logo ${organization.earlierId}`);
    else shownBy.set(`logo ${organization.earlierId}`, brought.id);
  }

  const ownerless = (of: string): Skip =>
    new Skip(gone.has(of) ? 'owner_gone' : leftOut.has(of) ? 'left_out' : 'no_owner');
  const ownerOf = ({ owner }: EarlierPhoto): Owner => {
    if (owner === 'unknown') return { id: keeperId, key: keeperId };
    if (owner !== 'named') {
      const found = owners.get(owner.person);
      if (!found) throw ownerless(`profile ${owner.person}`);
      return found;
    }
    if (!terms.namedId) throw unnamed();
    return { id: terms.namedId, key: terms.namedId };
  };

  const rehearsal = newRehearsal();
  const underWay = new Map<string, Promise<void>>();
  const bring = async (whole: EarlierPhoto): Promise<void> => {
    const of = whole.made?.of;
    // It was taken before this one: it is there, or another lane is about to bring it.
    if (typeof of === 'string') await underWay.get(of);
    else if (of) await tell(of);
    const owner = ownerOf(whole);
    const photo = whole.owner === 'unknown' ? setAside(system.name, whole) : withWrittenIds(whole);
    const brought = terms.dryRun
      ? await rehearsePhoto(deps, rehearsal, system.name, owner, photo, terms.signal)
      : await bringPhoto(deps, system.name, owner.id as string, photo, terms.signal);
    const isAside = whole.owner === 'unknown' && brought.outcome === 'brought';
    photos[isAside ? 'aside' : brought.outcome] += 1;
    albums += brought.albums;
  };
  const pass = (passed: Passed, among: { skipped: number } = photos): void => {
    among.skipped += 1;
    reasons[passed.why] = (reasons[passed.why] ?? 0) + 1;
    terms.onSkipped(passed);
  };
  const tell = (photo: EarlierPhoto): Promise<void> => {
    const [id] = photo.earlierIds;
    const told = bring(photo)
      .catch((error) => {
        if (error instanceof Skip) pass({ name: photo.name, why: error.why });
        else throw error;
      })
      .finally(() => underWay.delete(id));
    underWay.set(id, told);
    return told;
  };

  const of = await system.count();
  let done = 0;
  const pictures = { shown: 0, there: 0, kept: 0, skipped: 0 };
  for await (const picture of system.pictures?.() ?? []) {
    if (terms.signal.aborted) break;
    try {
      const of = `${picture.kind} ${picture.of}`;
      const id = shownBy.get(of);
      if (id === undefined) throw ownerless(of);
      pictures[await bringPicture(deps, named, picture, id)] += 1;
    } catch (error) {
      // It was under way when it was interrupted.
      if (terms.signal.aborted) break;
      if (!(error instanceof Skip)) throw error;
      pass({ name: picture.name, why: error.why }, pictures);
    }
    done += 1;
    terms.onProgress({ done, of: Math.max(of, done) });
  }
  await inLanes(system.photos(), terms.lanes, terms.signal, async (item) => {
    if (isPassed(item)) pass(item);
    else await tell(item);
    done += 1;
    terms.onProgress({ done, of: Math.max(of, done) });
  });
  // What is counted beforehand may have come to less: files that rows name are told once.
  if (!terms.signal.aborted) terms.onProgress({ done, of: done });
  try {
    for await (const album of terms.signal.aborted ? [] : (system.albums?.() ?? [])) {
      if (terms.signal.aborted) break;
      if (!terms.namedId) throw unnamed();
      const isNew = await (terms.dryRun ? isNewAlbum : bringAlbumWhole)(deps, system.name, terms.namedId, album);
      if (isNew) albums += 1;
    }
  } catch (error) {
    // The next one was being asked for when it was interrupted.
    if (!terms.signal.aborted) throw error;
  }
  return {
    people,
    ...(system.organizations ? { organizations } : {}),
    ...(system.pictures ? { pictures } : {}),
    photos,
    albums,
    reasons,
  };
}

const unnamed = () => new ImportError('Whose photos these are is not said: name the account with --user.');

/** Room is left for what is written down of them beside it. */
const mostOfPerson = 900;
const mostOfOrganization = 400;

const withWrittenNames = (person: EarlierPerson): EarlierPerson => ({
  ...person,
  earlierId: toWrittenId(person.earlierId, mostOfPerson),
  ...(person.aliases ? { aliases: person.aliases.map((alias) => toWrittenId(alias, mostOfPerson)) } : {}),
});

const withWrittenId = (organization: EarlierOrganization): EarlierOrganization => ({
  ...organization,
  earlierId: toWrittenId(organization.earlierId, mostOfOrganization),
});

/** By what it is written down, and what it was made of. */
function withWrittenIds(photo: EarlierPhoto): EarlierPhoto {
  const [first, ...others] = photo.earlierIds;
  const of = photo.made?.of;
  const written = typeof of === 'string' ? toWrittenId(of) : of && withWrittenIds(of);
  return {
    ...photo,
    earlierIds: [toWrittenId(first), ...others.map((id) => toWrittenId(id))],
    albums: photo.albums.map((album) => ({ ...album, earlierId: toWrittenId(album.earlierId) })),
    ...(photo.made ? { made: { ...photo.made, of: written ?? null } } : {}),
  };
}

const aside = 'aside/';

/** What nobody is known to own is the administrator's to give away, and in nobody's way until then. */
const setAside = (system: string, photo: EarlierPhoto): EarlierPhoto => ({
  ...photo,
  earlierIds: [aside + toWrittenId(photo.earlierIds[0], 1024 - aside.length)],
  id: undefined,
  told: { ...photo.told, isArchived: true },
  albums: [{ earlierId: 'aside', name: `Without an owner (${system})`, description: null }],
});

/** Takes from one iteration in several lanes; the first failure ends all of them, once what is at hand is done. */
async function inLanes<Item>(
  items: AsyncIterable<Item>,
  lanes: number,
  signal: AbortSignal,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.asyncIterator]();
  let taking: Promise<unknown> = Promise.resolve();
  let failed = false;
  const take = (): Promise<IteratorResult<Item>> => {
    const next = taking.then(() => iterator.next());
    taking = next.catch(() => {});
    return next;
  };
  const lane = async (): Promise<void> => {
    while (!failed && !signal.aborted) {
      const { value, done } = await take();
      if (done) return;
      await work(value);
    }
  };
  const ended = await Promise.allSettled(
    Array.from({ length: lanes }, () =>
      lane().catch((error) => {
        failed = true;
        throw error;
      }),
    ),
  );
  await iterator.return?.();
  const failure = ended.find((result) => result.status === 'rejected');
  if (failure && !signal.aborted) throw failure.reason;
}
