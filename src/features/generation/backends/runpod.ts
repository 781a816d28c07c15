import { createOutbound } from '#platform/http/outbound.ts';
import { type Backend, BackendError, type Model, type Ticket } from './backend.ts';
import { createInvokeAi, type InvokeAiOptions } from './invokeai.ts';
import { createPodApi, type PodMounts, podError, podPort } from './runpod/pod-api.ts';
import type { PodLedger } from './runpod/pod-ledger.ts';
import { createPodLife, type PodLife, type PodStatus, placeOf } from './runpod/pod-life.ts';

export interface RunpodOptions {
  readonly key: string;
  readonly ledger: PodLedger;
  /** Of this library alone, such as `tintype-3f2a-`: every pod whose name begins so is taken for its own. */
  readonly prefix: string;
  /** The account at the InvokeAI of the pod, which is made when it has none: its address is everybody's. */
  readonly email: string;
  readonly password: string;
  /** GPU types of RunPod, the dearest last. */
  readonly gpus: readonly string[];
  readonly image: string;
  /** What keeps models, pictures and accounts while it is stopped. */
  readonly volume: PodVolume;
  /** GB of what is gone when it is stopped. */
  readonly disk?: number;
  readonly cloud?: 'SECURE' | 'COMMUNITY';
  readonly idleMs: number;
  readonly maxHoursADay: number;
  readonly startWithinMs?: number;
  /** Tells an administrator of what costs money and cannot be ended from here. */
  alarm(message: string): void;
  readonly now?: () => number;
  readonly pollMs?: number;
  readonly endWithinMs?: number;
  /** RunPod's own, unless a simulator stands in for it. */
  readonly apiUrl?: string;
  readonly addressOf?: (podId: string) => string;
  /** For the InvokeAI on the pod. */
  readonly invokeai?: Pick<InvokeAiOptions, 'connectMs' | 'readMs' | 'poll' | 'maintenanceWaits'>;
}

/** A disk of its own at its own host, or a network volume of the account, which outlives it. */
export interface PodVolume {
  /** Where the image keeps everything that is to stay. */
  readonly path: string;
  readonly size: number;
  /** Takes the place of a disk of its own. */
  readonly networkId?: string | undefined;
}

/** An InvokeAI on a machine that is rented while there is work for it; `pod` is for its administrators, and for a schedule. */
export interface RunpodBackend extends Backend {
  readonly pod: PodLife;
  /** Where that of a pod answers. */
  addressOf(podId: string): string;
}

const apiUrl = 'https://api.runpod.io';
const podUrl = (podId: string): string => `https://${podId}-${podPort}.proxy.runpod.net`;

export function createRunpod(options: RunpodOptions): RunpodBackend {
  const isReal = !options.apiUrl;
  const outbound = createOutbound({ url: options.apiUrl ?? apiUrl, isPublic: isReal });
  const addressOf = options.addressOf ?? podUrl;
  const connected = new Map<string, Backend>();
  /** Those of when it last ran; null before. */
  let models: Model[] | null = null;

  /** The InvokeAI of one pod: the proxy's host of a pod that was made here counts as configured. */
  function connect(podId: string): Backend {
    const known = connected.get(podId);
    if (known) return known;
    for (const backend of connected.values()) backend.close();
    connected.clear();
    const { email, password } = options;
    const account = { email, password, requireSignIn: true, claim: true };
    const made = createInvokeAi({
      url: addressOf(podId),
      ...account,
      isPublic: !options.addressOf,
      ...options.invokeai,
    });
    connected.set(podId, made);
    return made;
  }

  const { pollMs = 5000, startWithinMs = 15 * 60_000, endWithinMs = 120_000, now = Date.now } = options;
  const { image, volume, disk = 40, cloud = 'SECURE' } = options;
  const mounts = mountsOf(volume);
  const life = createPodLife({
    api: createPodApi({ outbound, key: options.key }),
    ledger: options.ledger,
    prefix: options.prefix,
    pod: { image, env: environmentOf(volume), disk, mounts, cloud },
    ...{ gpus: options.gpus, idleMs: options.idleMs, maxHoursADay: options.maxHoursADay },
    ...{ startWithinMs, endWithinMs, pollMs, now, alarm: options.alarm },
    // What does not answer yet is not up; what refuses us is, and will not do otherwise by itself.
    isReady: (podId, signal) =>
      connect(podId)
        .check(signal)
        .then(
          () => true,
          (error: unknown) => {
            if (error instanceof BackendError && !error.isTransient) throw error;
            return false;
          },
        ),
  });

  const ifRunning = async (signal: AbortSignal): Promise<Backend | null> => {
    const podId = await life.running(signal);
    return podId === null ? null : connect(podId);
  };

  /** Has whatever holds what lies at a place answer. @returns its InvokeAI, or null when it is gone for good */
  async function reach(place: string, signal: AbortSignal): Promise<Backend | null> {
    if (place === volume.networkId) return connect(await life.startForWork(signal));
    // Another machine would be paid for nothing.
    return (await life.revive(place, signal)) ? connect(place) : null;
  }

  /** Whether a pod has not been ended, which ends what is on its disk. */
  const isThere = async (podId: string, signal: AbortSignal) =>
    (await options.ledger.read())?.podId === podId && (await life.status(signal)).podId === podId;

  return {
    driver: 'runpod',
    capabilities: {
      fromPhoto: true,
      progress: true,
      cancelOne: true,
      negativePrompt: true,
      seeds: true,
      keepsResults: true,
    },
    destination: new URL(addressOf('pod')).host.replace(/^pod-\d+\./, ''),
    lanes: 1,
    pod: life,
    addressOf,
    async check(signal) {
      const backend = await ifRunning(signal);
      if (backend) return backend.check(signal);
      const { state, paused } = await life.status(signal);
      throw podError(paused ?? asleep[state] ?? asleep.none, { isTransient: true });
    },
    async listModels(signal) {
      const backend = await ifRunning(signal);
      if (backend) models = await backend.listModels(signal);
      if (models) return models;
      throw podError('Which models there are is known once the rented machine has been started.', {
        isTransient: true,
      });
    },
    async *follow(batch, context) {
      if (batch.seeds.every((_, n) => context.settled.has(n))) return;
      if (!(await life.running(context.signal))) yield { kind: 'waiting', ahead: null };
      const podId = await life.startForWork(context.signal);
      const place = placeOf({ mounts }, podId);
      const backend = connect(podId);
      // Work is what keeps it running; a batch of many steps tells of nothing for long.
      const using = setInterval(() => void life.use().catch(() => {}), Math.min(30_000, options.idleMs / 3));
      const ticket = ticketAt(place, context.ticket);
      try {
        for await (const event of backend.follow(batch, { ...context, ticket })) {
          if (event.kind === 'accepted') yield { ...event, ticket: { ...event.ticket, place } };
          else if (event.kind === 'made') yield { ...event, image: `${place}/${event.image}` };
          else yield event;
        }
      } finally {
        clearInterval(using);
        await life.use().catch(() => {});
      }
    },
    async fetch(image, write, fetching) {
      const [place = '', name = ''] = image.split('/');
      const backend = await reach(place, fetching.signal);
      if (!backend) throw gone();
      await backend.fetch(name, write, fetching);
      await life.use();
    },
    async forget(image, signal) {
      const [place = '', name = ''] = image.split('/');
      if (place !== volume.networkId && !(await isThere(place, signal))) return;
      const backend = await ifRunning(signal);
      if (backend) return backend.forget(name, signal);
      // It is not started for this alone.
      throw podError('The rented machine is stopped. The picture is deleted there when it runs again.', {
        isTransient: true,
        retryAfterMs: forgetAgainMs,
      });
    },
    async cancel(batch, ticket, only, signal) {
      const podId = await life.running(signal);
      if (podId === null) return;
      await connect(podId).cancel(batch, ticketAt(placeOf({ mounts }, podId), ticket) ?? {}, only, signal);
    },
    async discard(batch, ticket, keep, signal) {
      // What is on a network volume stays there while there is no machine.
      const place = volume.networkId ?? (await life.status(signal)).podId;
      // What was on a machine that is gone went with it.
      if (place === null || (ticket && !ticketAt(place, ticket))) return true;
      const backend = await ifRunning(signal);
      if (!backend) throw podError('The rented machine is stopped.', { isTransient: true });
      const own = [...keep].flatMap((image) => (image.startsWith(`${place}/`) ? [image.slice(place.length + 1)] : []));
      return backend.discard(batch, ticket, new Set(own), signal);
    },
    close() {
      for (const backend of connected.values()) backend.close();
      outbound.close();
    },
  };
}

/** What was handed in to a machine that is gone went with it: another counts its items from the first again. */
const ticketAt = (place: string, ticket: Ticket | null): Ticket | null => (ticket?.place === place ? ticket : null);

/** What InvokeAI is told by its environment. Without accounts it would stand open to everybody who finds its address. */
const environmentOf = ({ path }: PodVolume): Readonly<Record<string, string>> => ({
  INVOKEAI_MULTIUSER: 'true',
  INVOKEAI_HOST: '0.0.0.0',
  INVOKEAI_PORT: String(podPort),
  INVOKEAI_ROOT: path,
});

const mountsOf = ({ path, size, networkId }: PodVolume): PodMounts =>
  networkId === undefined ? { persistent: { size, path } } : { network: [{ volumeId: networkId, path }] };

/** Nobody waits for it; idle machines run for about so long. */
const forgetAgainMs = 10 * 60_000;

const starting = 'The rented machine is starting. That takes a few minutes.';
const asleep: Readonly<Partial<Record<PodStatus['state'], string>> & { none: string }> = {
  none: 'No machine is rented at the moment. One is when there is work, which takes a few minutes.',
  EXITED: 'The rented machine is stopped. It starts when there is work for it, which takes a few minutes.',
  ERROR: 'The rented machine has broken down. Another is rented when there is work.',
  'asked for': starting,
  PROVISIONING: starting,
  STARTING: starting,
};

const gone = () =>
  new BackendError(
    'invokeai_retrieval_error',
    'The rented machine that had the picture is gone. Ask for another like it.',
  );
