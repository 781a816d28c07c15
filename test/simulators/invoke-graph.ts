import type { DocumentValidator, Schema } from './openapi.ts';

export interface GraphNode {
  readonly id: string;
  readonly type: string;
  readonly [field: string]: unknown;
}

interface EdgeEnd {
  readonly node_id: string;
  readonly field: string;
}

export interface Edge {
  readonly source: EdgeEnd;
  readonly destination: EdgeEnd;
}

export interface InvokeGraph {
  readonly id?: string;
  readonly nodes?: Record<string, GraphNode>;
  readonly edges?: readonly Edge[];
}

export interface BatchDatum {
  readonly node_path: string;
  readonly field_name: string;
  readonly items?: readonly unknown[];
}

const nameOf = (schema: Schema | undefined): string => schema?.$ref?.split('/').at(-1) ?? '';

/**
 * What InvokeAI holds a graph against before it takes it, and what JSON Schema says nothing about: that edges lead from outputs to inputs
 * that are there and of one type, that nothing is missing, and that there is an order in which it can be done.
 */
export function createGraphChecker({ document, value }: DocumentValidator) {
  const { schemas } = document.components;
  const invocations = new Map<string, { name: string; schema: Schema }>();
  for (const [name, schema] of Object.entries(schemas)) {
    const type = schema.properties?.type as { const?: string } | undefined;
    if (schema.class === 'invocation' && type?.const) invocations.set(type.const, { name, schema });
  }
  const inputsOf = (node: GraphNode) => invocations.get(node.type)?.schema.properties ?? {};
  const outputsOf = (node: GraphNode) =>
    schemas[nameOf(invocations.get(node.type)?.schema.output as Schema | undefined)]?.properties ?? {};

  /** The names of what a field takes or gives. */
  function typesOf(schema: Schema): string[] {
    if (schema.$ref) return [nameOf(schema)];
    const union = schema.anyOf ?? schema.oneOf ?? schema.allOf;
    if (union) return union.flatMap(typesOf);
    if (schema.type === 'null') return [];
    if (schema.type === 'array') return typesOf(schema.items ?? {}).map((type) => `${type}[]`);
    return [schema.type ?? 'any'];
  }

  function typesFrom(graph: Required<InvokeGraph>, { node_id, field }: EdgeEnd): string[] {
    const node = graph.nodes[node_id] as GraphNode;
    if (node.type !== 'collect') return typesOf(outputsOf(node)[field] ?? {});
    // A collection is of what was collected.
    return graph.edges
      .filter(({ destination }) => destination.node_id === node_id && destination.field === 'item')
      .flatMap(({ source }) => typesFrom(graph, source).map((type) => `${type}[]`));
  }

  const fits = (from: readonly string[], to: readonly string[]) =>
    from.some((type) => type === 'any' || to.some((each) => each === type || each === 'any' || isWider(type, each)));
  const isWider = (from: string, to: string) => from === 'integer' && to === 'number';

  function nodeProblems(id: string, node: GraphNode): string[] {
    const found = invocations.get(node.type);
    if (!found) return [`${id}: there is no ${node.type}`];
    const problems = value({ $ref: `#/components/schemas/${found.name}` }, node).map((each) => `${id}: ${each}`);
    if (node.id !== id) problems.push(`${id}: its id is ${node.id}`);
    for (const field of Object.keys(node)) {
      if (!found.schema.properties?.[field] && !found.schema.additionalProperties) {
        problems.push(`${id}: ${node.type} has no ${field}`);
      }
    }
    return problems;
  }

  function edgeProblems(graph: Required<InvokeGraph>, { source, destination }: Edge): string[] {
    const name = `${source.node_id}.${source.field} > ${destination.node_id}.${destination.field}`;
    const [from, to] = [graph.nodes[source.node_id], graph.nodes[destination.node_id]];
    if (!from || !to) return [`${name}: there is no such node`];
    const [output, input] = [outputsOf(from)[source.field], inputsOf(to)[destination.field]];
    if (output?.field_kind !== 'output') return [`${name}: ${from.type} gives no ${source.field}`];
    if (!input || input.field_kind === 'node_attribute') return [`${name}: ${to.type} takes no ${destination.field}`];
    if (input.input === 'direct') return [`${name}: ${destination.field} takes no edge`];
    const types = [typesFrom(graph, source), typesOf(input)] as const;
    return fits(...types) ? [] : [`${name}: ${types[0].join('|')} is not ${types[1].join('|')}`];
  }

  /** Each input is given once: by an edge, or directly where that is allowed. */
  function inputProblems(graph: Required<InvokeGraph>, id: string, node: GraphNode): string[] {
    return Object.entries(inputsOf(node)).flatMap(([field, schema]) => {
      if (schema.field_kind !== 'input') return [];
      const edges = graph.edges.filter(
        ({ destination }) => destination.node_id === id && destination.field === field,
      ).length;
      const isGiven = node[field] !== undefined && node[field] !== null;
      if (edges > 1 && node.type !== 'collect') return [`${id}.${field} is given by ${edges} edges`];
      if (isGiven && schema.input === 'connection') return [`${id}.${field} is given by edges alone`];
      if (node.type === 'collect' && field === 'item' && edges === 0) return [`${id} collects nothing`];
      return schema.orig_required === true && !isGiven && edges === 0 ? [`${id}.${field} is missing`] : [];
    });
  }

  return {
    graphProblems(given: InvokeGraph): string[] {
      const graph = { id: '', nodes: given.nodes ?? {}, edges: given.edges ?? [] };
      const nodes = Object.entries(graph.nodes);
      if (nodes.length === 0) return ['the graph is empty'];
      const problems = [
        ...nodes.flatMap(([id, node]) => nodeProblems(id, node)),
        ...graph.edges.flatMap((edge) => edgeProblems(graph, edge)),
        ...nodes.flatMap(([id, node]) => inputProblems(graph, id, node)),
      ];
      return orderOf(graph) ? problems : [...problems, 'the graph has a cycle'];
    },
    /** What is to be put in for each item: lists of one group go together, groups by groups. */
    dataProblems(graph: InvokeGraph, groups: readonly (readonly BatchDatum[])[]): string[] {
      const seen = new Set<string>();
      return groups.flatMap((group) => {
        const lengths = new Set(group.map(({ items }) => items?.length ?? 0));
        const problems = lengths.size > 1 ? ['lists that go together are of different lengths'] : [];
        return problems.concat(
          group.flatMap(({ node_path, field_name, items = [] }) => {
            const name = `${node_path}.${field_name}`;
            const node = graph.nodes?.[node_path];
            const schema = node && inputsOf(node)[field_name];
            if (seen.has(name)) return [`${name} is put in twice`];
            seen.add(name);
            if (!schema) return [`${name} is not there to be put in`];
            if (new Set(items.map((each) => typeof each)).size > 1) return [`${name}: items are of several types`];
            return items.flatMap((each) => value(schema, each).map((problem) => `${name}: ${problem}`));
          }),
        );
      });
    },
    /** What a field's value is wrong in once it has come along an edge, which is found out only as the node runs. */
    valueProblems: (node: GraphNode, field: string, given: unknown): string[] =>
      value(inputsOf(node)[field] ?? {}, given),
  };
}

/** The nodes in an order in which each comes after what it needs; null where there is none. */
export function orderOf({ nodes = {}, edges = [] }: InvokeGraph): string[] | null {
  const ordered: string[] = [];
  const left = new Set(Object.keys(nodes));
  while (left.size > 0) {
    const ready = [...left].filter(
      (id) => !edges.some(({ source, destination }) => destination.node_id === id && left.has(source.node_id)),
    );
    if (ready.length === 0) return null;
    for (const id of ready) left.delete(id);
    ordered.push(...ready);
  }
  return ordered;
}
