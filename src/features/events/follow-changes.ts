import { requireAllowed } from '#features/access/index.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { ChangeStreams } from './change-streams.ts';

/**
 * A stream of what changes for the caller, and for nobody else.
 * @param cut ends the connection of a reader that does not keep up
 * @throws AppError as `ChangeStreams.open`, and `forbidden` for a key that may not read photos
 */
export function followChanges(
  deps: { streams: ChangeStreams },
  caller: Caller,
  cut: () => void,
): Promise<ReadableStream<Uint8Array>> {
  return deps.streams.open(requireAllowed(caller, 'change.follow'), cut);
}
