import { open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import { keepPhoto, type Made, makerOf, type PhotoTables } from '#features/photos/index.ts';
import type { Principal } from '#platform/database/principal.ts';
import { AppError } from '#platform/http/app-error.ts';
import { SNIFF_BYTES, sniff } from '#platform/imaging/index.ts';
import { type Backend, BackendError } from './backends/backend.ts';
import { leaseMs } from './claim-work.ts';
import type { GenerationDeps } from './deps.ts';
import { type AlternativeRow, findStep, lockSteps, type StepRow, settleStep } from './step-store.ts';
import type { GenerationTables } from './tables.ts';
import * as store from './work-store.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'blobs' | 'imaging' | 'jobs' | 'logger' | 'maxUploadBytes'>;

const betweenTriesMs = 60_000;
/** What does not count as a try ends after that all the same. */
const mostWaitingMs = 24 * 3_600_000;
/** A picture that is here and cannot be kept for now is not made anew for it, before that was tried once more and again. */
const keepAgainMs = [2_000, 10_000];
/** A picture that was kept and cannot be deleted over there: it costs room there, and nobody waits. */
const betweenForgettingMs = 5 * 60_000;
const forgetWithinMs = 30_000;

interface Result {
  readonly step: StepRow;
  readonly row: AlternativeRow;
  readonly image: string;
  readonly seed?: number | undefined;
}

/**
 * Fetches one picture that a backend has made, keeps it as an upload is kept, and only then has it deleted over there. What cannot be done now
 * is left for later, as often as tries are left.
 */
export async function retrieveImage(
  deps: Deps & Pick<GenerationDeps, 'backends' | 'maxAttempts'>,
  row: AlternativeRow,
  { lease, ending }: { lease: string; ending: AbortSignal },
): Promise<void> {
  const principal: Principal = { kind: 'user', id: row.owner_id };
  const as = <Done>(work: (tx: Tx) => Promise<Done>): Promise<Done> => deps.database.as(principal, work);
  const step = await as((tx) => findStep(tx, row.step_id));
  const backend = step && deps.backends.find(step.backend);
  if (!step || !backend || row.image === null) return;
  // What is settled and due is to be deleted over there, and no more.
  if (row.settled_at) return forget();

  const lost = new AbortController();
  const signal = AbortSignal.any([ending, lost.signal]);
  const renew = setInterval(() => {
    as((tx) => store.renewLease(tx, 'step_alternatives', { id: row.id, lease, leaseMs })).then(
      (isMine) => isMine || lost.abort(),
      () => {},
    );
  }, leaseMs / 3);
  try {
    await as((tx) => store.sayFetching(tx, row.id, lease));
    await keepFrom(deps, backend, { step, row, image: row.image }, signal);
  } catch (error) {
    clearInterval(renew);
    if (lost.signal.aborted) return;
    await as(async (tx) => {
      await lockSteps(tx, [step.id]);
      await store.sayNotFetched(tx, { id: row.id, lease }, explain(error), whenAgain(error, ending.aborted));
      await settleStep(tx, step.id);
    });
    if (!ending.aborted) {
      deps.logger.warn({ image: row.id, reason: (error as Error).message }, 'a picture of the studio did not come');
    }
    return;
  } finally {
    clearInterval(renew);
  }
  await forget();

  async function forget(): Promise<void> {
    try {
      await backend?.forget(row.image as string, AbortSignal.any([ending, AbortSignal.timeout(forgetWithinMs)]));
    } catch (error) {
      deps.logger.warn({ image: row.id, reason: (error as Error).message }, 'a backend did not delete a picture');
      return as((tx) => store.releaseImage(tx, row.id, lease, betweenForgettingMs)).then(() => {});
    }
    await as((tx) => store.sayForgotten(tx, row.id));
  }

  function whenAgain(error: unknown, isEnding: boolean): { againInMs: number | null; counts: boolean } {
    if (isEnding) return { againInMs: 0, counts: false };
    const uncounted = uncountedMs(error);
    if (uncounted !== null) {
      const since = row.tried_since?.getTime() ?? Date.now();
      return { againInMs: Date.now() - since < mostWaitingMs ? uncounted : null, counts: false };
    }
    const isFinal = (error instanceof BackendError && !error.isTransient) || isWithoutRoom(error);
    return { againInMs: !isFinal && row.attempts + 1 < deps.maxAttempts ? betweenTriesMs : null, counts: true };
  }
}

/** @returns after how many ms a picture is fetched again, where it was only not the time for it; null for what was a try */
function uncountedMs(error: unknown): number | null {
  if (error instanceof BackendError) return error.isTransient ? error.retryAfterMs : null;
  return error instanceof AppError && error.code === 'unavailable' ? betweenTriesMs / 2 : null;
}

/** Somebody has to make some first. */
const isWithoutRoom = (error: unknown): boolean =>
  error instanceof AppError && (error.code === 'quota_exceeded' || error.code === 'storage_full');

/**
 * Keeps what a backend has made that does not keep it itself: now, or not at all.
 * @throws BackendError, transient, where it cannot be kept for now and the same picture can be made again
 */
export async function keepMade(deps: Deps, backend: Backend, result: Result, signal: AbortSignal): Promise<void> {
  const principal: Principal = { kind: 'user', id: result.row.owner_id };
  for (let again = 0; ; again++) {
    try {
      return await keepFrom(deps, backend, result, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const wait = isPassing(error) ? keepAgainMs[again] : undefined;
      if (wait !== undefined) {
        deps.logger.warn({ err: error, image: result.row.id }, 'a picture of the studio is not kept yet');
        await sleep(wait, undefined, { signal });
        continue;
      }
      if (isPassing(error) && backend.capabilities.seeds) throw notNow(error);
      await deps.database.as(principal, (tx: Tx) => store.sayFailed(tx, result.row.id, explain(error)));
      return;
    }
  }
}

/** Of the storage or the database, rather than of the picture. */
const isPassing = (error: unknown): boolean =>
  error instanceof BackendError ? error.isTransient : !(error instanceof AppError) || error.code === 'unavailable';

const notNow = (cause: unknown) =>
  new BackendError(
    'invokeai_retrieval_error',
    'The server cannot keep pictures at the moment. It goes on by itself later.',
    {
      isTransient: true,
      cause,
    },
  );

async function keepFrom(deps: Deps, backend: Backend, result: Result, signal: AbortSignal): Promise<void> {
  const { step, row, image } = result;
  const principal: Principal & { kind: 'user' } = { kind: 'user', id: row.owner_id };
  const temp = await deps.blobs.createTemp({ limit: deps.maxUploadBytes });
  try {
    await backend.fetch(image, (chunk) => temp.write(chunk), { maxBytes: deps.maxUploadBytes, signal });
    const arrived = await temp.finish();
    const made = toMade(result, backend.capabilities);
    const label = { filename: await nameFor(step, row, arrived.path), modifiedAt: null, made };
    const uploader = {
      ...makerOf({ principal, userId: row.owner_id }, made),
      afterKept: (tx: Kysely<PhotoTables>) => noteKept(tx as unknown as Tx),
    };
    const { duplicate } = await keepPhoto(deps, uploader, arrived, label, signal);
    // Another server kept it a moment ago.
    if (duplicate) await deps.database.as(principal, (tx: Tx) => noteKept(tx));
  } finally {
    await temp.discard();
  }

  /** In one transaction with the photo: neither is there without the other. */
  async function noteKept(tx: Tx): Promise<void> {
    const forgetting = backend.capabilities.keepsResults;
    if (!(await store.sayKept(tx, { id: row.id, stepId: step.id }, { forgetting }))) throw unwanted();
    await settleStep(tx, step.id);
  }
}

const unwanted = () => new BackendError('invokeai_retrieval_error', 'Nobody waits for this picture any more.');

function toMade({ step, row, seed }: Result, { seeds, sampling = true }: Backend['capabilities']): Made {
  const { parameters } = step;
  const { model_key, model_hash, vae_key, width, height, steps, cfg_scale, scheduler, strength } = parameters;
  const isPainted = step.model_base === 'painter';
  return {
    id: row.id,
    kind: 'generated',
    sourcePhotoId: step.source_photo_id,
    prompt: step.prompt,
    recipe: {
      tool: isPainted ? 'the painter' : 'the studio',
      backend: step.backend,
      ...(step.negative_prompt === null ? {} : { negative_prompt: step.negative_prompt }),
      model_key,
      model_hash,
      model_name: step.model_name,
      ...(vae_key === undefined ? {} : { vae_key }),
      // What has no effect did not make the picture.
      ...(seeds ? { seed: seed ?? Number(row.seed) } : {}),
      ...(sampling ? { steps, cfg_scale, scheduler } : {}),
      width,
      height,
      ...(strength === undefined ? {} : { strength }),
      session_id: step.session_id,
      step_id: step.id,
    },
    digitalSource: sourceType(isPainted, strength !== undefined),
  };
}

/** Of the IPTC's vocabulary: a painter follows rules, a model was trained, and what was made of a photo is a bit of both. */
function sourceType(isPainted: boolean, isOfPhoto: boolean): string {
  if (isPainted) return 'algorithmicMedia';
  return isOfPhoto ? 'compositeWithTrainedAlgorithmicMedia' : 'trainedAlgorithmicMedia';
}

/** The first words of the prompt, the seed, and the ending that the bytes tell. */
async function nameFor({ prompt }: StepRow, { seed }: AlternativeRow, path: string): Promise<string> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    const format = sniff(buffer.subarray(0, bytesRead));
    const words = prompt
      .replace(/[^\p{L}\p{N} ]+/gu, ' ')
      .trim()
      .split(/ +/)
      .slice(0, 8)
      .join(' ')
      .slice(0, 80);
    return `${words || 'picture'} ${seed}.${format === 'jpeg' ? 'jpg' : (format ?? 'png')}`;
  } finally {
    await file.close();
  }
}

function explain(error: unknown): { code: string; message: string } {
  if (error instanceof BackendError) return { code: error.code, message: error.message };
  if (!(error instanceof AppError)) {
    return { code: 'server_error', message: 'Something went wrong on the server. It was written down; try again.' };
  }
  const sentence = sentences[error.code];
  return sentence
    ? { code: 'invokeai_retrieval_error', message: sentence }
    : { code: error.code, message: error.message };
}

/** An upload is told of in other words than a picture that somebody else sent. */
const sentences: Partial<Record<AppError['code'], string>> = {
  undecodable: 'What the backend sent is damaged, or was cut off.',
  unsupported_media_type: 'What the backend sent is no picture.',
  too_large: 'What the backend sent is larger than a picture may be here.',
  too_many_pixels: 'What the backend sent has more pixels than a picture may have here.',
};
