import { z } from 'zod';
import { type Outbound, OutboundError, type OutboundRequest } from '#platform/http/outbound.ts';
import { BackendError } from '../backend.ts';
import { explainOutbound } from '../explain-outbound.ts';

const pod = z.object({
  id: z.string().regex(/^[\w-]+$/),
  name: z.string(),
  /** Whatever comes to be said besides, it is not known to be stopped. */
  status: z.enum(['PROVISIONING', 'STARTING', 'RUNNING', 'EXITED', 'ERROR', 'TERMINATED']).catch('STARTING'),
  /** US dollars for an hour of it as it is now. */
  cost: z.number().catch(0),
});

export type Pod = z.infer<typeof pod>;

const volume = z.object({ dataCenter: z.string() });

/** Of the whole account: what somebody else has in it need not be as ours are. */
const podList = z.object({ pods: z.array(z.unknown()) });
const legible = (pods: readonly unknown[]): Pod[] => pods.flatMap((each) => pod.safeParse(each).data ?? []);

export interface NewPod {
  readonly name: string;
  readonly gpu: string;
  readonly image: string;
  readonly env: Readonly<Record<string, string>>;
  /** GB. */
  readonly disk: number;
  readonly mounts: PodMounts;
  readonly cloud: 'SECURE' | 'COMMUNITY';
}

/** What outlives a pod's being stopped: a disk of its own, or a volume that others have as well. */
export type PodMounts =
  | { readonly persistent: { readonly size: number; readonly path: string } }
  | { readonly network: readonly [{ readonly volumeId: string; readonly path: string }] };

/** RunPod's interface for pods, as far as it is used. Everything it throws is a BackendError of `pod_error` whose cause says more. */
export interface PodApi {
  list(signal: AbortSignal): Promise<Pod[]>;
  /** Null when it is no more. */
  read(id: string, signal: AbortSignal): Promise<Pod | null>;
  create(asked: NewPod, signal: AbortSignal): Promise<Pod>;
  act(id: string, action: 'start' | 'stop', signal: AbortSignal): Promise<void>;
  /** To end what is no more is fine. */
  terminate(id: string, signal: AbortSignal): Promise<void>;
}

/** The port that InvokeAI listens on, and that RunPod's proxy passes on. */
export const podPort = 9090;

export function createPodApi({ outbound, key }: { readonly outbound: Outbound; readonly key: string }): PodApi {
  async function ask<Answer>(schema: z.ZodType<Answer>, path: string, request: OutboundRequest): Promise<Answer> {
    try {
      const { value } = await outbound.json(path, { ...request, headers: { authorization: `Bearer ${key}` } });
      return schema.parse(value);
    } catch (error) {
      throw explainPod(error);
    }
  }
  const orGone = (error: unknown): null => {
    if (statusOf(error) === 404) return null;
    throw error;
  };

  /** A machine must be where its volume is. */
  async function dataCenterOf(volumeId: string, signal: AbortSignal): Promise<string> {
    const found = await ask(volume, `/v2/network-volumes/${volumeId}`, { signal }).catch(orGone);
    if (!found) throw podError(noVolume);
    return found.dataCenter;
  }

  return {
    list: (signal) => ask(podList, '/v2/pods', { signal }).then(({ pods }) => legible(pods)),
    read: (id, signal) => ask(pod, `/v2/pods/${id}`, { signal }).catch(orGone),
    async create({ name, gpu, image, env, disk, mounts, cloud }, signal) {
      const container = { image, env, disk, ports: [`${podPort}/http`] };
      const at = 'network' in mounts ? { dataCenterIds: [await dataCenterOf(mounts.network[0].volumeId, signal)] } : {};
      const json = { name, gpu: { id: gpu, count: 1 }, cloud, ...container, mounts, ...at };
      return ask(pod, '/v2/pods', { method: 'POST', json, signal });
    },
    async act(id, action, signal) {
      await ask(z.unknown(), `/v2/pods/${id}/action`, { method: 'POST', json: { action }, signal });
    },
    async terminate(id, signal) {
      await ask(z.unknown(), `/v2/pods/${id}`, { method: 'DELETE', signal }).catch(orGone);
    },
  };
}

/** What RunPod answered, where that is why it failed. */
export function statusOf(error: unknown): number | null {
  const cause = error instanceof BackendError ? error.cause : error;
  return cause instanceof OutboundError ? cause.status : null;
}

/** Whether a request may have been done although it failed. */
export function mayHaveBeenDone(error: unknown): boolean {
  const cause = error instanceof BackendError ? error.cause : error;
  if (!(cause instanceof OutboundError)) return true;
  return cause.wasSent && (cause.status === null || cause.status >= 500);
}

function explainPod(error: unknown): BackendError {
  const told = explainOutbound(error, 'RunPod');
  const { message, isTransient = told.isTransient } = sentences[statusOf(error) ?? 0] ?? { message: told.message };
  return podError(message, { isTransient, retryAfterMs: told.retryAfterMs, cause: error });
}

const noVolume = 'RunPod has no such network volume. An administrator must check RUNPOD_NETWORK_VOLUME.';

const sentences: Readonly<Record<number, { message: string; isTransient?: boolean }>> = {
  401: { message: 'RunPod refuses the key that it is used with. An administrator must check RUNPOD_API_KEY.' },
  403: { message: 'RunPod refuses the key that it is used with. An administrator must check RUNPOD_API_KEY.' },
  400: { message: 'RunPod has no such machine free at the moment.', isTransient: true },
  402: {
    message: 'The account at RunPod has nothing left to spend. An administrator must look after it.',
    isTransient: false,
  },
  409: { message: 'The pod at RunPod is not in a state for this.', isTransient: true },
  422: {
    message: 'RunPod refuses the pod that was asked for. An administrator must check its settings.',
    isTransient: false,
  },
};

export const podError = (message: string, more: ConstructorParameters<typeof BackendError>[2] = {}): BackendError =>
  new BackendError('pod_error', message, more);
