import type { Announcement, Notifications } from '#platform/database/notifications.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { UserCaller } from '#platform/http/caller.ts';
import { type Change, changeKinds, changeWays } from './contract.ts';

/** What a stream needs of the one who opened it. */
export type Follower = Pick<UserCaller, 'userId' | 'credentialId' | 'expiresAt' | 'via'>;

export interface ChangeStreams {
  /**
   * Opens a stream of what changes for one person; `cut` ends its connection where that one does not read.
   * @throws AppError `rate_limited` with eight streams already, `unauthorized` when the credential has just ended,
   *   `unavailable` once the server is stopping
   */
  open(follower: Follower, cut: () => void): Promise<ReadableStream<Uint8Array>>;
  /** How many are open. */
  readonly size: number;
  /** Ends all of them, and opens no more: an answer without an end would keep the server from stopping. */
  close(): void;
}

interface Stream {
  readonly follower: Follower;
  send(text: string): void;
  end(): void;
}

const mostPerPerson = 8;
/** Proxies and sockets that are silent for a minute are often closed. */
const beatEveryMs = 25_000;
/** Bytes that may wait for a slow reader, beyond what its connection holds: five hundred changes of fifty photos each. */
const mostWaiting = 2 ** 20;

// Browsers come back by themselves, after as many milliseconds.
const hello = 'retry: 2000\nevent: hello\ndata: {}\n\n';
const encoder = new TextEncoder();

/** Hands what the database announces to the streams of whom it is for, for as long as their credentials are good. */
export function createChangeStreams(deps: {
  notifications: Notifications;
  isStillGood(follower: Follower): Promise<boolean>;
  heartbeatMs?: number;
}): ChangeStreams {
  const streams = new Map<string, Set<Stream>>();
  let isClosed = false;

  const all = (): Stream[] => [...streams.values()].flatMap((own) => [...own]);

  const add = (follower: Follower, cut: () => void): Stream & { readable: ReadableStream<Uint8Array> } => {
    const own = streams.get(follower.userId) ?? new Set();
    if (own.size >= mostPerPerson) {
      throw new AppError(
        'rate_limited',
        `This account listens in ${mostPerPerson} places already. Close one of them.`,
        {
          retry_after: 60,
        },
      );
    }
    let controller: ReadableStreamDefaultController<Uint8Array>;
    const forget = (): boolean => {
      const was = own.delete(stream);
      if (was && own.size === 0) streams.delete(follower.userId);
      return was;
    };
    const readable = new ReadableStream<Uint8Array>(
      {
        start(given) {
          controller = given;
        },
        cancel: () => void forget(),
      },
      new ByteLengthQueuingStrategy({ highWaterMark: mostWaiting }),
    );
    const stream: Stream = {
      follower,
      send(text) {
        if (follower.expiresAt !== null && follower.expiresAt <= Date.now()) return stream.end();
        if ((controller.desiredSize ?? 0) > 0) return controller.enqueue(encoder.encode(text));
        // Whoever comes back reads anew, so nothing is lost with what waited.
        if (forget()) cut();
      },
      end() {
        if (forget()) controller.close();
      },
    };
    own.add(stream);
    streams.set(follower.userId, own);
    return { ...stream, readable };
  };

  /** Says hello to those whose credentials are still good, one after the other, and ends the streams of the rest. */
  const greetAgain = async (): Promise<void> => {
    for (const stream of all()) {
      const isGood = await deps.isStillGood(stream.follower).catch(() => false);
      if (isGood) stream.send(hello);
      else stream.end();
    }
  };

  const unsubscribe = deps.notifications.subscribe({
    onAnnouncement(announcement) {
      const { subject, id } = announcement;
      if (subject === 'changed') {
        const own = streams.get(id);
        const change = own && toChange(announcement);
        if (change) for (const stream of own) stream.send(`event: change\ndata: ${JSON.stringify(change)}\n\n`);
      }
      // Disabled, renamed, given another role or deleted: whoever may still listen comes back.
      if (subject === 'user') for (const stream of streams.get(id) ?? []) stream.end();
      if (subject === 'credential') {
        for (const stream of all()) if (stream.follower.credentialId === id) stream.end();
      }
    },
    onCut() {},
    // Revocations may have been missed as well as changes.
    onBack: () => void greetAgain(),
  });

  const heartbeat = setInterval(() => {
    for (const stream of all()) stream.send(':\n\n');
  }, deps.heartbeatMs ?? beatEveryMs);
  heartbeat.unref();

  return {
    async open(follower, cut) {
      if (isClosed) throw new AppError('unavailable', 'The server is stopping. Try again in a few seconds.');
      const stream = add(follower, cut);
      // What ended between the question who asks and this moment was announced to nobody here.
      const isGood = await deps.isStillGood(follower).catch((error) => {
        stream.end();
        throw error;
      });
      if (!isGood) {
        stream.end();
        throw new AppError('unauthorized', 'Sign in to do this.');
      }
      stream.send(hello);
      return stream.readable;
    },
    get size() {
      return all().length;
    },
    close() {
      isClosed = true;
      clearInterval(heartbeat);
      unsubscribe();
      for (const stream of all()) stream.end();
    },
  };
}

/** Null for what this version does not know: another server of the library may be newer. */
function toChange({ details }: Announcement): Change | null {
  const kind = changeKinds.find((known) => known === details[0]);
  const what = changeWays.find((known) => known === details[1]);
  const ids = details[2];
  if (!kind || !what || !ids) return null;
  return { kind, ids: ids === '*' ? null : ids.split(','), what };
}
