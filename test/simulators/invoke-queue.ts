import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Faults } from './invoke-faults.ts';
import type { BatchDatum, createGraphChecker, GraphNode, InvokeGraph } from './invoke-graph.ts';
import type { SimulatedModel } from './invoke-models.ts';
import { RunError, runGraph, type StoredImage } from './invoke-run.ts';

export type ItemStatus = 'pending' | 'in_progress' | 'completed' | 'failed' | 'canceled';

export interface SimulatedItem {
  readonly id: number;
  readonly batchId: string;
  readonly destination: string | null;
  readonly owner: string;
  readonly graph: InvokeGraph;
  readonly fieldValues: { node_path: string; field_name: string; value: unknown }[];
  status: ItemStatus;
  error: { type: string; message: string } | null;
  results: Record<string, unknown>;
}

export interface EnqueueBody {
  readonly batch: {
    readonly batch_id?: string;
    readonly destination?: string;
    readonly runs?: number;
    readonly data?: BatchDatum[][];
    readonly graph: InvokeGraph;
  };
}

export const secondsOf = (n: number) => new Date(Date.UTC(2026, 0, 1) + n * 1000).toISOString();

export const isEnded = ({ status }: SimulatedItem) => status !== 'pending' && status !== 'in_progress';

export interface QueueDeps {
  readonly faults: Faults;
  readonly images: Map<string, StoredImage>;
  readonly models: readonly SimulatedModel[];
  readonly checker: ReturnType<typeof createGraphChecker>;
  tell(room: string, event: string, what: object): void;
}

/** The queue of a simulated InvokeAI, which does what is in it, one after the other. */
export function createSimulatedQueue({ faults, images, models, checker, tell }: QueueDeps) {
  const items: SimulatedItem[] = [];
  let lastId = 100;
  let isClosed = false;
  let wake = () => {};

  function statusOf(batchId: string, owner: string) {
    const own = items.filter((each) => each.batchId === batchId && each.owner === owner);
    const count = (status: ItemStatus) => own.filter((each) => each.status === status).length;
    return {
      ...{
        queue_id: 'default',
        batch_id: batchId,
        origin: own[0] ? 'tintype' : null,
        destination: own[0]?.destination ?? null,
      },
      ...{ pending: count('pending'), in_progress: count('in_progress'), waiting: 0, completed: count('completed') },
      ...{ failed: count('failed'), canceled: count('canceled'), total: own.length },
    };
  }

  /** As `GET …/i/{id}` has it, with what belongs to others blacked out. */
  function present(item: SimulatedItem, viewer: string) {
    const at = { created_at: secondsOf(item.id), updated_at: secondsOf(item.id) };
    const state = {
      executed: [],
      executed_history: [],
      errors: {},
      workflow_call_stack: [],
      workflow_call_history: [],
    };
    if (item.owner !== viewer) {
      const graph = { id: randomUUID(), nodes: {}, edges: [] };
      const session = { ...state, id: 'redacted', graph, execution_graph: graph, results: {} };
      return {
        ...{ item_id: item.id, status: item.status, batch_id: 'redacted', session_id: 'redacted', queue_id: 'default' },
        ...{ user_id: 'redacted', priority: 0, ...at },
        session: { ...session, prepared_source_mapping: {}, source_prepared_mapping: {} },
      };
    }
    const prepared = Object.keys(item.results).map((id) => [id, `${item.id}-${id}`] as const);
    // What was deleted is not shown as a result.
    const isThere = (result: unknown) => {
      const name = (result as { image?: { image_name?: string } }).image?.image_name;
      return name === undefined || images.has(name);
    };
    const results = prepared.filter(([id]) => isThere(item.results[id])).map(([id, to]) => [to, item.results[id]]);
    return {
      ...{ item_id: item.id, status: item.status, batch_id: item.batchId, session_id: `session-${item.id}` },
      ...{
        queue_id: 'default',
        user_id: item.owner,
        priority: 0,
        origin: 'tintype',
        destination: item.destination,
        ...at,
      },
      ...(item.error
        ? { error_type: item.error.type, error_message: item.error.message, error_traceback: 'Traceback' }
        : {}),
      field_values: item.fieldValues,
      session: {
        ...{
          ...state,
          id: `session-${item.id}`,
          graph: item.graph,
          execution_graph: { id: 'e', nodes: {}, edges: [] },
        },
        results: Object.fromEntries(results),
        prepared_source_mapping: Object.fromEntries(prepared.map(([id, to]) => [to, id])),
        source_prepared_mapping: Object.fromEntries(prepared.map(([id, to]) => [id, [to]])),
      },
    };
  }

  function setStatus(item: SimulatedItem, status: ItemStatus): void {
    item.status = status;
    const { id: item_id, batchId: batch_id, owner: user_id, destination } = item;
    const event = { timestamp: Date.now(), queue_id: 'default', item_id, batch_id, user_id, destination, status };
    tell('default', 'queue_item_status_changed', event);
  }

  const cancel = (item: SimulatedItem) => {
    if (!isEnded(item)) setStatus(item, 'canceled');
  };

  /** One picture after the other, as InvokeAI does. */
  async function process(): Promise<void> {
    while (!isClosed) {
      const item = items.find(({ status }) => status === 'pending');
      if (!item) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      setStatus(item, 'in_progress');
      await run(item).catch((error: unknown) => {
        item.error = {
          type: error instanceof RunError ? error.type : 'Error',
          message: String((error as Error).message),
        };
        if (!isEnded(item)) setStatus(item, 'failed');
      });
    }
  }

  async function run(item: SimulatedItem): Promise<void> {
    const seed = item.fieldValues.find(({ field_name }) => field_name === 'value')?.value;
    const steps = 4;
    for (let step = 1; step <= steps && item.status === 'in_progress'; step++) {
      // Whoever cancels it, or lets it be faster, need not wait until the step is over.
      const begun = performance.now();
      const left = () => begun + faults.paceMs / steps - performance.now();
      while (left() > 0 && item.status === 'in_progress') await sleep(Math.min(left(), 50));
      const event = {
        ...{
          timestamp: Date.now(),
          queue_id: 'default',
          item_id: item.id,
          batch_id: item.batchId,
          user_id: item.owner,
        },
        ...{ session_id: `session-${item.id}`, invocation_source_id: 'denoise', message: 'Denoising' },
        percentage: step / steps,
        image: faults.preview ? { width: 64, height: 64, dataURL: faults.preview } : null,
      };
      tell(`user:${item.owner}`, 'invocation_progress', event);
    }
    if (item.status !== 'in_progress') return;
    const failure = faults.failItem(seed);
    if (failure) throw new RunError(failure.type, failure.message);
    const hasModel = (key: string) => models.some((model) => model.key === key);
    const results = await runGraph({ graph: item.graph, owner: item.owner, images, hasModel, checker });
    // What was made before it heard of being cancelled is there all the same.
    item.results = results;
    if (item.status !== 'in_progress') return;
    setStatus(item, 'completed');
  }

  function enqueue({ batch }: EnqueueBody, owner: string) {
    const { batch_id: batchId = randomUUID(), destination = null, runs = 1, data = [], graph } = batch;
    // Lists of a group go together, groups are multiplied, and all of that again for each run.
    let sets: SimulatedItem['fieldValues'][] = [[]];
    for (const group of data) {
      const rows = (group[0]?.items ?? []).map((_, i) =>
        group.map(({ node_path, field_name, items: given = [] }) => ({ node_path, field_name, value: given[i] })),
      );
      sets = sets.flatMap((set) => rows.map((row) => [...set, ...row]));
    }
    const requested = sets.length * runs;
    const waiting = items.filter((each) => !isEnded(each)).length;
    const taken = Array.from({ length: runs }, () => sets)
      .flat()
      .slice(0, Math.max(0, faults.room - waiting));
    const ids = taken.map((fieldValues) => {
      const nodes: Record<string, GraphNode> = structuredClone(graph.nodes ?? {});
      for (const { node_path, field_name, value } of fieldValues) {
        nodes[node_path] = { ...(nodes[node_path] as GraphNode), [field_name]: value };
      }
      const id = ++lastId;
      const made = { graph: { id: randomUUID(), nodes, edges: graph.edges ?? [] }, error: null, results: {} };
      items.push({ ...made, id, batchId, destination, owner, fieldValues, status: 'pending' });
      return id;
    });
    wake();
    const itemIds = faults.hasItemIds ? { item_ids: ids.reverse() } : {};
    return {
      queue_id: 'default',
      enqueued: ids.length,
      requested,
      batch: { ...batch, batch_id: batchId, runs },
      priority: 0,
      ...itemIds,
    };
  }

  const processed = process();
  return {
    ...{ items, statusOf, present, enqueue, cancel },
    /** As a restart does: what is in progress is over. */
    interrupt() {
      for (const item of items) if (item.status === 'in_progress') setStatus(item, 'canceled');
    },
    /** Forgets what has ended. */
    prune() {
      items.splice(0, items.length, ...items.filter((item) => !isEnded(item)));
    },
    addForeign(destination: string | null): SimulatedItem {
      const graph = { id: randomUUID(), nodes: {}, edges: [] };
      const item: SimulatedItem = {
        ...{ id: ++lastId, batchId: randomUUID(), destination, owner: 'somebody else', graph, fieldValues: [] },
        ...{ status: 'completed', error: null, results: {} },
      };
      items.push(item);
      return item;
    },
    async close() {
      isClosed = true;
      wake();
      await processed;
    },
  };
}
