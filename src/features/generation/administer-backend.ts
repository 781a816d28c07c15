import { setTimeout as sleep } from 'node:timers/promises';
import type { z } from '@hono/zod-openapi';
import type { Kysely } from 'kysely';
import { requireAllowed } from '#features/access/index.ts';
import { recordAudit } from '#features/audit/index.ts';
import { AppError } from '#platform/http/app-error.ts';
import type { Caller } from '#platform/http/caller.ts';
import type { BackendStatus, ModeChanged, PodStarted, PodStopped } from './backend-contract.ts';
import { type Backend, BackendError } from './backends/backend.ts';
import type { NamedBackend } from './backends/open-backends.ts';
import type { PodLife, PodStatus } from './backends/runpod/pod-life.ts';
import type { GenerationDeps } from './deps.ts';
import { refreshModels } from './jobs.ts';
import * as store from './pod-store.ts';
import { countWaiting } from './step-store.ts';
import type { GenerationTables } from './tables.ts';

type Tx = Kysely<GenerationTables>;
type Deps = Pick<GenerationDeps, 'database' | 'backends' | 'jobs' | 'logger' | 'localUrl'>;

/** Those who look at the same time, and shortly after, are told the same. */
const knownForMs = 5000;
const answerWithinMs = 5000;
/** What a machine takes to be rented, to load its image and to answer. */
const usualStartSeconds = 240;
const startShownWithinMs = 20_000;
const stopShownWithinMs = 60_000;

interface Health {
  readonly connected: boolean;
  readonly version: string | null;
  readonly message: string | null;
}

/** What makes pictures, whether it answers, and for administrators what it costs. */
export function createBackendStatus(deps: Deps) {
  const known = new Map<string, { at: number; health: Promise<Health> }>();

  function healthOf({ name, backend }: NamedBackend): Promise<Health> {
    const found = known.get(name);
    if (found && Date.now() - found.at < knownForMs) return found.health;
    const health = backend.check(AbortSignal.timeout(answerWithinMs)).then(
      (version) => ({ connected: true, version, message: null }),
      (error: Error) => ({ connected: false, version: null, message: explain(error) }),
    );
    known.set(name, { at: Date.now(), health });
    return health;
  }

  return async (caller: Caller): Promise<z.infer<typeof BackendStatus>> => {
    const user = requireAllowed(caller, 'backend.read');
    const isAdministrator = user.role === 'admin' && user.scopes === null;
    const { mode, waiting, pod, total } = await deps.database.as(user.principal, async (tx: Tx) => ({
      mode: await store.readMode(tx),
      waiting: await countWaiting(tx),
      pod: isAdministrator ? await store.readPod(tx) : null,
      total: isAdministrator ? await store.sumPodUse(tx) : null,
    }));
    const offered = deps.backends.offeredIn(mode);
    const shown = deps.backends.all.filter(({ name }) => isAdministrator || offered.includes(name));
    const machine = pod && (await readMachine(deps, pod));
    // What it said while it ran is over.
    if (machine && machine.status?.state !== 'RUNNING') known.delete('runpod');
    const backends = await Promise.all(
      shown.map(async (one) => {
        const { connected, version, message } = await healthOf(one);
        const { name, backend } = one;
        return {
          name,
          driver: backend.driver,
          connected,
          api_version: version,
          message,
          is_offered: offered.includes(name),
          url: isAdministrator ? (name === 'runpod' ? (machine?.url ?? null) : one.url) : null,
          steps_waiting: waiting.get(name) ?? 0,
        };
      }),
    );
    const first = backends.find((one) => one.is_offered);
    const status = machine?.status ?? null;
    return {
      mode,
      connected: first?.connected ?? false,
      api_version: first?.api_version ?? null,
      backends,
      pod: machine?.shown ?? null,
      url: isAdministrator ? deps.localUrl : null,
      pod_id: status?.podId ?? null,
      pod_status: status?.state ?? null,
      last_activity: status?.usedAt ? new Date(status.usedAt).toISOString() : null,
      uptime: status?.run ? Math.floor(status.run.ms / 1000) : null,
      current_cost: status?.run?.dollars ?? null,
      cost_per_hour: status?.dollarsPerHour ?? null,
      lifetime_hours: machine && total && total.ms / 3_600_000,
      lifetime_cost: machine && total ? total.dollars : null,
      alarm: pod?.alarm ?? null,
    };
  };
}

/** What administrators see of the machine: as RunPod tells it, and what is known without it where it cannot be asked. */
async function readMachine({ backends }: Deps, row: store.PodRow) {
  if (!backends.pod || !backends.rented) return null;
  const { pod, rented } = backends;
  const [status, known] = await Promise.all([
    pod.status(AbortSignal.timeout(answerWithinMs)).catch((error: Error) => explain(error, 'RunPod does not answer.')),
    pod.known(),
  ]);
  const asked = typeof status === 'string' ? null : status;
  const { run, today, unfetched } = known;
  const id = asked ? asked.podId : row.record?.podId;
  return {
    status: asked,
    url: id ? rented.addressOf(id) : null,
    shown: {
      state: asked?.state ?? null,
      message: typeof status === 'string' ? status : null,
      paused: row.paused,
      trouble: row.trouble,
      troubled_at: row.troubled_at?.toISOString() ?? null,
      run: run && { started_at: new Date(run.startedAt).toISOString(), seconds: run.ms / 1000, dollars: run.dollars },
      today: { seconds: today.ms / 1000, dollars: today.dollars },
      most_hours_a_day: rented.maxHoursADay,
      idle_minutes: Math.round(rented.idleMs / 60_000),
      pictures_waiting: unfetched,
    },
  };
}

/** What makes pictures in a mode. @throws AppError `conflict` where that side is not configured */
export function requireConfigured({ backends }: Pick<Deps, 'backends'>, mode: store.Mode): Backend {
  const backend = backends.find(mode === 'local' ? 'invokeai' : 'runpod');
  if (backend) return backend;
  const key = mode === 'local' ? 'INVOKEAI_LOCAL_URL' : 'RUNPOD_API_KEY';
  throw new AppError('conflict', `This is not configured here: set ${key} first.`);
}

/** @throws AppError `conflict` where that side is not configured */
export async function changeMode(
  deps: Deps,
  caller: Caller,
  mode: store.Mode,
  address: string | null,
): Promise<z.infer<typeof ModeChanged>> {
  const { principal } = requireAllowed(caller, 'backend.administer');
  const backend = requireConfigured(deps, mode);
  await deps.database.as(principal, async (tx: Tx) => {
    await store.writeMode(tx, mode);
    await recordAudit(tx, { action: 'studio_mode_changed', details: { mode }, address });
    await deps.jobs.send(refreshModels, {}, tx);
  });
  const message = await backend.check(AbortSignal.timeout(answerWithinMs)).then(
    () => null,
    (error: Error) => explain(error),
  );
  return {
    mode,
    connected: message === null,
    message:
      message ?? `Pictures are made ${mode === 'local' ? 'by the InvokeAI at hand' : 'on the rented machine'} now.`,
  };
}

/** Has the machine rented or started; that it answers takes minutes, and is seen in the status. @throws AppError `conflict`, `pod_error` */
export async function startPod(
  deps: Deps,
  caller: Caller,
  address: string | null,
): Promise<z.infer<typeof PodStarted>> {
  const { principal } = requireAllowed(caller, 'backend.administer');
  const pod = requirePod(deps);
  await deps.database.as(principal, (tx: Tx) => recordAudit(tx, { action: 'pod_started', details: {}, address }));
  const started = pod.start(AbortSignal.timeout(30 * 60_000)).then(
    () => void deps.jobs.send(refreshModels, {}).catch(() => {}),
    (error) => {
      deps.logger.warn({ reason: (error as Error).message }, 'a rented machine did not start');
      throw error;
    },
  );
  started.catch(() => {});
  const shown = untilShown(pod);
  await Promise.race([started, shown]).catch(fail);
  const { podId, state } = await shown;
  return { pod_id: podId, status: state, estimated_startup_time: state === 'RUNNING' ? 0 : usualStartSeconds };
}

/**
 * Stops the machine and sees that it is stopped; what takes longer than a request may goes on, and is seen in the status.
 * @throws AppError `conflict`, `pod_error` when it can be neither stopped nor ended
 */
export async function stopPod(deps: Deps, caller: Caller, address: string | null): Promise<z.infer<typeof PodStopped>> {
  const { principal } = requireAllowed(caller, 'backend.administer');
  const pod = requirePod(deps);
  await deps.database.as(principal, (tx: Tx) => recordAudit(tx, { action: 'pod_stopped', details: {}, address }));
  const stopping = pod.stop(AbortSignal.timeout(10 * 60_000));
  stopping.catch((error) => deps.logger.warn({ reason: (error as Error).message }, 'a rented machine was not stopped'));
  const late = new AbortController();
  const given = sleep(stopShownWithinMs, null, { signal: late.signal }).catch(() => null);
  const stopped = await Promise.race([stopping, given]).catch(fail);
  late.abort();
  if (stopped && !stopped.isStopped) {
    throw new AppError(
      'pod_error',
      'The rented machine can be neither stopped nor ended from here, and costs money. End it at RunPod.',
    );
  }
  const { podId, state, run: last } = await pod.status(AbortSignal.timeout(answerWithinMs)).catch(fail);
  const run = stopped?.run ?? last;
  return {
    pod_id: podId,
    status: state,
    session_duration: Math.floor((run?.ms ?? 0) / 1000),
    session_cost: run?.dollars ?? 0,
  };
}

function requirePod({ backends }: Deps): PodLife {
  if (backends.pod) return backends.pod;
  throw new AppError('conflict', 'No machine can be rented here: set RUNPOD_API_KEY first.');
}

/** Until there is something to tell of a machine that was asked for. */
async function untilShown(pod: PodLife): Promise<PodStatus> {
  for (const until = Date.now() + startShownWithinMs; ; ) {
    const status = await pod.status(AbortSignal.timeout(answerWithinMs));
    if ((status.podId && status.state !== 'EXITED') || Date.now() > until) return status;
    await sleep(250);
  }
}

function fail(error: unknown): never {
  if (error instanceof BackendError) throw new AppError(error.code, error.message);
  throw error;
}

const explain = (error: Error, otherwise = 'It does not answer.'): string =>
  error instanceof BackendError ? error.message : otherwise;
