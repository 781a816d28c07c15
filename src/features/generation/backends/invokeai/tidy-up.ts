import { z } from 'zod';
import { BackendError, type Ticket } from '../backend.ts';
import { type Item, imageName, imageOf } from './answers.ts';
import type { FollowDeps, Following } from './following.ts';
import { OUTPUT } from './graphs.ts';
import { deleteImage } from './images.ts';
import { sourcesOf } from './tickets.ts';

type Deps = Pick<FollowDeps, 'client' | 'queue'>;

/**
 * Takes away the photo that was sent and what was cut out of it, when nothing needs them any more. The items know their names, so that
 * this is right after a crash as well. What fails here is InvokeAI's own to clear, as it does with all intermediate pictures.
 */
export async function tidyUp(
  { client, queue }: Deps,
  batchId: string,
  { known, sources }: Pick<Following, 'known' | 'sources'>,
  signal: AbortSignal,
): Promise<void> {
  const names = new Set(sources);
  try {
    for (const itemId of known.values()) {
      const found = await queue.read(batchId, itemId, signal);
      for (const name of found ? leftoversOf(found) : []) names.add(name);
    }
  } catch {
    // What is known by now is taken away all the same.
  }
  for (const name of names) await deleteImage(client, name, signal).catch(() => {});
}

/** @see Backend.discard */
export async function discardBatch(
  { client, queue }: Deps,
  batchId: string,
  { ticket, keep }: { ticket: Ticket | null; keep: ReadonlySet<string> },
  signal: AbortSignal,
): Promise<boolean> {
  await queue.cancelBatch(batchId, signal);
  const found = await queue.list(batchId, signal);
  const names = sourcesOf(ticket);
  let isAtIt = false;
  for (const each of found) {
    // Old versions list them without what they made.
    const whole = each.session ? each : ((await queue.read(batchId, each.item_id, signal)) ?? each);
    for (const name of [...leftoversOf(whole), ...resultsOf(whole)]) names.add(name);
    isAtIt ||= !hasEnded(whole);
  }
  let failure: unknown = null;
  for (const name of names) {
    if (keep.has(name)) continue;
    // One that cannot be deleted keeps nothing else there.
    await deleteImage(client, name, signal).catch((error: unknown) => {
      failure ??= error;
    });
  }
  if (failure) throw failure;
  if (isAtIt) throw stillAtIt();
  return found.length > 0;
}

const hasEnded = ({ status }: Item): boolean => ['completed', 'failed', 'canceled'].includes(status);

const stillAtIt = () =>
  new BackendError('invokeai_connection_error', 'InvokeAI is still at a batch that was cancelled.', {
    isTransient: true,
  });

const withImage = z.object({ image: z.object({ image_name: imageName }) });

/** What was sent for an item and what was made on the way, as far as it is not the picture itself. */
function leftoversOf({ session }: Item): string[] {
  const outputs = new Set(session?.source_prepared_mapping?.[OUTPUT]);
  const sent = Object.values(session?.graph?.nodes ?? {}).map(
    (node) => withImage.safeParse(node).data?.image.image_name,
  );
  const made = Object.entries(session?.results ?? {}).map(([id, result]) => (outputs.has(id) ? null : imageOf(result)));
  return [...sent, ...made].filter((name) => typeof name === 'string');
}

const resultsOf = ({ session }: Item): string[] =>
  Object.values(session?.results ?? {}).flatMap((result) => imageOf(result) ?? []);
