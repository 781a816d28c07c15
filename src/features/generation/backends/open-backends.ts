import type { Imaging } from '#platform/imaging/index.ts';
import { createAutomatic1111 } from './automatic1111.ts';
import type { Backend } from './backend.ts';
import { createInvokeAi } from './invokeai.ts';
import { createOpenAi } from './openai.ts';
import { createProceduralBackend } from './procedural.ts';
import type { PodLedger } from './runpod/pod-ledger.ts';
import type { PodLife } from './runpod/pod-life.ts';
import { createRunpod, type PodVolume, type RunpodOptions } from './runpod.ts';

/** A backend under the name that steps, models and people know it by. */
export interface NamedBackend {
  readonly name: string;
  /** Where it is, for administrators; null for what is in this server, or nowhere yet. */
  readonly url: string | null;
  readonly backend: Backend;
}

export interface Backends {
  /** In the order in which their models are offered. */
  readonly all: readonly NamedBackend[];
  readonly names: readonly string[];
  /** @returns undefined for one that is configured no more */
  find(name: string): Backend | undefined;
  /** Names of those that are offered: of two InvokeAIs, the one that the mode says. */
  offeredIn(mode: 'local' | 'remote'): readonly string[];
  /** The life of the machine that is rented; null where none is configured. */
  readonly pod: PodLife | null;
  /** What may not be exceeded, and where a machine answers; null where none is configured. */
  readonly rented: {
    /** After how long without work it is stopped. */
    readonly idleMs: number;
    readonly maxHoursADay: number;
    addressOf(podId: string): string;
  } | null;
  close(): void;
}

export interface StudioConfig {
  readonly invokeai: {
    readonly url: string;
    readonly email: string | undefined;
    readonly password: string | undefined;
    readonly connectMs: number;
    readonly readMs: number;
  } | null;
  readonly runpod: {
    readonly key: string;
    readonly gpus: readonly string[];
    readonly image: string;
    readonly volume: PodVolume;
    readonly email: string | undefined;
    readonly password: string | undefined;
    readonly idleMs: number;
    readonly maxHoursADay: number;
    readonly apiUrl: string | undefined;
    /** Where a pod answers, with `{pod}` for its id. */
    readonly podUrl: string | undefined;
  } | null;
  readonly openai: {
    readonly url: string;
    readonly key: string | undefined;
    readonly models: readonly string[];
  } | null;
  readonly automatic1111: { readonly url: string; readonly username?: string; readonly password?: string } | null;
  readonly hasPainter: boolean;
}

interface BackendDeps {
  readonly imaging: Imaging;
  readonly ledger: PodLedger;
  /** Of this library alone: what a rented machine is called, and the account on it. */
  readonly podName: string;
  readonly podPassword: string;
  alarm(message: string): void;
}

/**
 * What makes pictures in this library; nothing is connected before it is asked. The painter comes last: it is for who has nothing else.
 * @throws BackendError for an address that nothing may be sent to
 */
export function openBackends(config: StudioConfig, deps: BackendDeps): Backends {
  const all: NamedBackend[] = [];
  if (config.invokeai) {
    const { email, password, ...rest } = config.invokeai;
    all.push({
      name: 'invokeai',
      url: rest.url,
      backend: createInvokeAi({ ...rest, ...(email && password ? { email, password } : {}) }),
    });
  }
  const rented = config.runpod && createRunpod(toPod(config.runpod, deps));
  if (rented) all.push({ name: 'runpod', url: null, backend: rented });
  if (config.openai) {
    const { key, models, url } = config.openai;
    const options = { url, ...(key ? { key } : {}), ...(models.length > 0 ? { models } : {}) };
    all.push({ name: 'openai', url, backend: createOpenAi(options) });
  }
  if (config.automatic1111) {
    const { url } = config.automatic1111;
    all.push({ name: 'automatic1111', url, backend: createAutomatic1111(config.automatic1111) });
  }
  if (config.hasPainter) all.push({ name: 'painter', url: null, backend: createProceduralBackend(deps) });
  return {
    all,
    names: all.map(({ name }) => name),
    find: (name) => all.find((one) => one.name === name)?.backend,
    offeredIn: (mode) => {
      const other = mode === 'local' ? 'runpod' : 'invokeai';
      const isChoice = config.invokeai !== null && config.runpod !== null;
      return all.map(({ name }) => name).filter((name) => !isChoice || name !== other);
    },
    pod: rented?.pod ?? null,
    rented: rented &&
      config.runpod && {
        idleMs: config.runpod.idleMs,
        maxHoursADay: config.runpod.maxHoursADay,
        addressOf: rented.addressOf,
      },
    close() {
      for (const { backend } of all) backend.close();
    },
  };
}

const toPod = (
  { email, password, apiUrl, podUrl, ...rest }: NonNullable<StudioConfig['runpod']>,
  { ledger, podName, podPassword, alarm }: BackendDeps,
): RunpodOptions => ({
  ...rest,
  ledger,
  prefix: `tintype-${podName}-`,
  email: email ?? 'tintype@tintype.invalid',
  password: password ?? podPassword,
  alarm,
  ...(apiUrl === undefined ? {} : { apiUrl }),
  ...(podUrl === undefined ? {} : { addressOf: (podId: string) => podUrl.replace('{pod}', podId) }),
});
