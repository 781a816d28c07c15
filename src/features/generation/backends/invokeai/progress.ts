import { z } from 'zod';
import type { Outbound } from '#platform/http/outbound.ts';
import { sniff } from '#platform/imaging/sniff.ts';
import { DENOISE } from './graphs.ts';

/** What is told while a picture is made; of each item the latest alone is kept until it is taken. */
export interface ItemProgress {
  readonly itemId: number;
  /** 0 to 1. */
  readonly done: number;
  readonly preview: Uint8Array | null;
}

export interface Progress {
  take(): ItemProgress[];
  /** Resolves when there is something to take, when something of the batch has ended, when `ms` are over, or when the signal says so. */
  wait(ms: number, signal: AbortSignal): Promise<'something' | 'ended' | 'nothing'>;
  close(): void;
}

/** The largest packet that is read, and the largest picture in one. */
const packetBytes = 4 * 1024 * 1024;
const previewBytes = 1024 * 1024;

const progressed = z.object({
  item_id: z.number().int(),
  batch_id: z.string(),
  invocation_source_id: z.string(),
  percentage: z.number().nullish(),
  image: z.object({ dataURL: z.string() }).nullish().catch(null),
});

const changed = z.object({ batch_id: z.string(), status: z.string() });

const ends = ['completed', 'failed', 'canceled'];

/**
 * Listens to what InvokeAI tells about one batch. Nothing depends on it: where it cannot be heard, pictures come without a word before.
 * @param deps.token asked for at each connection
 */
export async function openProgress(
  deps: { readonly outbound: Outbound; readonly token: () => Promise<string | null> },
  batchId: string,
): Promise<Progress> {
  // Loaded by whoever has an InvokeAI alone.
  const { io } = await import('socket.io-client');
  const latest = new Map<number, ItemProgress>();
  let hasEnded = false;
  let wake = () => {};

  const options = {
    path: `${deps.outbound.basePath}/ws/socket.io`,
    // Long polling would bring its own client, with its own idea of where to connect to.
    transports: ['websocket'],
    agent: deps.outbound.agent,
    perMessageDeflate: false,
    maxPayload: packetBytes,
    forceNew: true,
    reconnectionDelayMax: 10_000,
    auth: (give: (auth: object) => void) => {
      deps.token().then(
        (token) => give(token ? { token } : {}),
        () => give({}),
      );
    },
  };
  // Its types know browsers alone, where agents are strings.
  const socket = io(deps.outbound.origin, options as unknown as Parameters<typeof io>[1]);
  socket.on('connect', () => socket.emit('subscribe_queue', { queue_id: 'default' }));
  socket.on('invocation_progress', (event: unknown) => {
    const { data } = progressed.safeParse(event);
    if (data?.batch_id !== batchId || data.invocation_source_id !== DENOISE) return;
    const done = Math.min(1, Math.max(0, data.percentage ?? 0));
    const preview = data.image ? readPreview(data.image.dataURL) : null;
    latest.set(data.item_id, { itemId: data.item_id, done, preview });
    wake();
  });
  socket.on('queue_item_status_changed', (event: unknown) => {
    const { data } = changed.safeParse(event);
    if (data?.batch_id !== batchId || !ends.includes(data.status)) return;
    hasEnded = true;
    wake();
  });

  return {
    take() {
      const taken = [...latest.values()];
      latest.clear();
      return taken;
    },
    async wait(ms, signal) {
      if (latest.size === 0 && !hasEnded && !signal.aborted) {
        const { promise, resolve } = Promise.withResolvers<void>();
        const timer = setTimeout(resolve, ms);
        const leave = () => resolve();
        wake = leave;
        signal.addEventListener('abort', leave, { once: true });
        await promise;
        clearTimeout(timer);
        signal.removeEventListener('abort', leave);
        wake = () => {};
      }
      if (latest.size > 0) return 'something';
      if (!hasEnded) return 'nothing';
      hasEnded = false;
      return 'ended';
    },
    close() {
      socket.disconnect();
    },
  };
}

/** @returns null for what is no small picture that a browser shows */
function readPreview(dataUrl: string): Uint8Array | null {
  const [, base64] = /^data:image\/(?:png|jpeg|webp);base64,([A-Za-z0-9+/=]+)$/.exec(dataUrl) ?? [];
  if (!base64 || base64.length > (previewBytes * 4) / 3) return null;
  const bytes = Buffer.from(base64, 'base64');
  return ['png', 'jpeg', 'webp'].includes(sniff(bytes) ?? '') ? bytes : null;
}
