import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Edge, GraphNode, InvokeGraph } from './invoke-graph.ts';
import { createInvokeAiSimulator, type InvokeAiSimulator, invokeAiChecks, invokeAiDocument } from './invokeai.ts';
import { readShared } from './openapi.ts';

interface Body {
  batch: {
    batch_id: string;
    data: { node_path: string; field_name: string; items: unknown[] }[][];
    graph: InvokeGraph;
  };
}

type Nodes = Record<string, Record<string, unknown>>;

const given = (name: string) => structuredClone(readShared(name)) as Body;
const sd15 = () => given('enqueue-sd15-txt2img.json');

/** A body with something wrong in its graph. */
function broken(mend: (nodes: Nodes, edges: Edge[]) => void): Body {
  const body = sd15();
  mend(body.batch.graph.nodes as unknown as Nodes, body.batch.graph.edges as Edge[]);
  return body;
}

const edge = (from: string, to: string): Edge => {
  const [a = '', b = ''] = from.split('.');
  const [c = '', d = ''] = to.split('.');
  return { source: { node_id: a, field: b }, destination: { node_id: c, field: d } };
};

const without = (edges: Edge[], to: string, field: string) => {
  const at = edges.findIndex(({ destination }) => destination.node_id === to && destination.field === field);
  edges.splice(at, 1);
};

describe.skipIf(!invokeAiDocument)('the simulator of InvokeAI', () => {
  let simulator: InvokeAiSimulator;
  beforeAll(async () => {
    simulator = await createInvokeAiSimulator();
  });
  afterAll(() => simulator.close());

  const send = async (path: string, method = 'GET', body?: unknown) => {
    const init =
      body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
    const answer = await fetch(`${simulator.url}${path}`, { method, ...init });
    return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
  };
  const enqueue = (body: unknown) => send('/api/v1/queue/default/enqueue_batch', 'POST', body);

  it('makes up models that the document knows', () => {
    expect(simulator.problems).toEqual([]);
  });

  it.each(['sd15-txt2img', 'sdxl-txt2img', 'sdxl-img2img', 'flux-txt2img'])('takes %s as it is', async (name) => {
    const { status, body } = await enqueue(given(`enqueue-${name}.json`));
    expect([status, body.enqueued, body.requested]).toEqual([201, 4, 4]);
    expect(simulator.problems).toEqual([]);
  });

  const faults: [what: string, body: () => unknown, says: string][] = [
    [
      'a node of a type that is not',
      () => broken((nodes) => Object.assign(nodes.noise ?? {}, { type: 'nois' })),
      'there is no nois',
    ],
    [
      'a field that a node has not',
      () => broken((nodes) => Object.assign(nodes.noise ?? {}, { wdth: 512 })),
      'noise has no wdth',
    ],
    [
      'a value of the wrong kind',
      () => broken((nodes) => Object.assign(nodes.denoise ?? {}, { steps: 'many' })),
      '/steps must be integer',
    ],
    [
      'a size that is none',
      () => broken((nodes) => Object.assign(nodes.noise ?? {}, { width: 513 })),
      '/width must be multiple of 8',
    ],
    [
      'a scheduler that is none',
      () => broken((nodes) => Object.assign(nodes.denoise ?? {}, { scheduler: 'x' })),
      '/scheduler must be equal',
    ],
    [
      'an id that is not its own',
      () => broken((nodes) => Object.assign(nodes.noise ?? {}, { id: 'other' })),
      'its id is other',
    ],
    [
      'an edge from nowhere',
      () => broken((_, edges) => edges.push(edge('nobody.value', 'noise.seed'))),
      'there is no such node',
    ],
    [
      'an edge from what is not given',
      () => broken((_, edges) => edges.push(edge('seed.seed', 'noise.seed'))),
      'integer gives no seed',
    ],
    [
      'an edge to what is not taken',
      () => broken((_, edges) => edges.push(edge('seed.value', 'noise.sed'))),
      'noise takes no sed',
    ],
    [
      'an edge of another type',
      () => broken((_, edges) => edges.push(edge('model_loader.clip', 'denoise.latents'))),
      'CLIPField is not LatentsField',
    ],
    [
      'words where a number goes',
      () => broken((_, edges) => edges.push(edge('positive_prompt.value', 'denoise.steps'))),
      'string is not integer',
    ],
    [
      'a collection of another type',
      () =>
        broken((_, edges) => {
          without(edges, 'pos_cond_collect', 'item');
          edges.push(edge('noise.noise', 'pos_cond_collect.item'));
        }),
      'LatentsField[] is not ConditioningField',
    ],
    [
      'an input that is missing',
      () => broken((_, edges) => without(edges, 'denoise', 'unet')),
      'denoise.unet is missing',
    ],
    [
      'an input that is given twice',
      () => broken((_, edges) => edges.push(edge('noise.noise', 'denoise.noise'))),
      'denoise.noise is given by 2 edges',
    ],
    [
      'an input that edges alone may give',
      () => broken((nodes) => Object.assign(nodes.denoise ?? {}, { unet: {} })),
      'denoise.unet is given by edges alone',
    ],
    [
      'an edge to what takes none',
      () => broken((_, edges) => edges.push(edge('seed.value', 'noise.is_intermediate'))),
      'takes no is_intermediate',
    ],
    [
      'nothing to collect',
      () => broken((_, edges) => without(edges, 'neg_cond_collect', 'item')),
      'neg_cond_collect collects nothing',
    ],
    [
      'a cycle',
      () =>
        broken((nodes, edges) => {
          nodes.a = { id: 'a', type: 'integer' };
          nodes.b = { id: 'b', type: 'integer' };
          edges.push(edge('a.value', 'b.value'), edge('b.value', 'a.value'));
        }),
      'the graph has a cycle',
    ],
    ['no graph', () => ({ batch: { runs: 1 } }), "must have required property 'graph'"],
    ['a graph of nothing', () => ({ batch: { runs: 1, graph: { nodes: {} } } }), 'the graph is empty'],
    ['a field beside the batch', () => ({ ...sd15(), batch_id: 'x' }), '/batch_id is not known'],
    ['no times over', () => ({ batch: { ...sd15().batch, runs: 0 } }), '/batch/runs must be >= 1'],
    [
      'seeds for a field that is not',
      () => withData((data) => Object.assign(data[0]?.[0] ?? {}, { field_name: 'seed' })),
      'seed.seed is not there',
    ],
    [
      'seeds that are words',
      () => withData((data) => Object.assign(data[0]?.[0] ?? {}, { items: ['one'] })),
      'seed.value',
    ],
    [
      'seeds and words',
      () => withData((data) => Object.assign(data[0]?.[0] ?? {}, { items: [1, 'one'] })),
      'items are of several types',
    ],
    [
      'lists that do not go together',
      () => withData((data) => data[1]?.[0]?.items.push('another')),
      'of different lengths',
    ],
  ];

  function withData(mend: (data: Body['batch']['data']) => void): Body {
    const body = sd15();
    mend(body.batch.data);
    return body;
  }

  it.each(faults)('refuses %s', async (_what, body, says) => {
    const { status, body: answer } = await enqueue(body());
    expect(status).toBe(422);
    expect(JSON.stringify(answer.detail)).toContain(says.replaceAll('"', '\\"'));
    simulator.problems.length = 0;
  });

  it.each([
    ['GET', '/api/v1/nothing'],
    ['GET', '/api/v2/models'],
    ['GET', '/api/v2/models/?base_models=sd-9'],
    ['GET', '/api/v2/models/?type=main'],
    ['GET', '/api/v1/queue/default/i/first'],
    ['PUT', '/api/v1/queue/default/cancel_by_batch_ids'],
    ['POST', '/api/v1/images/upload'],
  ])('refuses %s %s', async (method, path) => {
    expect((await send(path, method)).status).toBe(422);
    expect(simulator.problems).not.toEqual([]);
    simulator.problems.length = 0;
  });

  it('fails what only shows as it runs', async () => {
    const body = sd15();
    (body.batch.graph.nodes as Record<string, GraphNode>).model_loader = {
      ...(body.batch.graph.nodes?.model_loader as GraphNode),
      model: simulator.models[0],
    };
    body.batch.batch_id = 'seeds';
    Object.assign(body.batch.data[0]?.[0] ?? {}, { items: [2 ** 32] });
    const { body: taken } = await enqueue(body);
    const read = async () => (await send(`/api/v1/queue/default/i/${(taken.item_ids as number[])[0]}`)).body;
    await expect.poll(async () => (await read()).status).toBe('failed');
    expect((await read()).error_message).toContain('noise.seed');
  });

  it('compiles what it needs once', () => {
    expect(invokeAiChecks()).toBe(invokeAiChecks());
  });
});
