import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ValidateFunction } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';

/** Of OpenAPI 3.1, which is JSON Schema 2020-12 with paths around it. */
export interface OpenApiDocument {
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: Record<string, Schema> };
}

export interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly type?: string;
  readonly items?: Schema;
  readonly properties?: Record<string, Schema>;
  readonly additionalProperties?: boolean | Schema;
  readonly required?: readonly string[];
  readonly [keyword: string]: unknown;
}

interface Operation {
  readonly parameters?: readonly { name: string; in: string; required?: boolean; schema: Schema }[];
  readonly requestBody?: { readonly required?: boolean; readonly content: Record<string, { readonly schema: Schema }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema?: Schema }> }>;
}

/** A request as far as the document speaks of it. */
export interface SentRequest {
  readonly method: string;
  readonly url: URL;
  readonly contentType: string | null;
  /** What JSON says, or the names of a form's parts. */
  readonly body: unknown;
}

export interface DocumentValidator {
  readonly document: OpenApiDocument;
  /** What is wrong with a request: an unknown path, a missing field, one that nobody knows. */
  request(request: SentRequest): string[];
  /** What is wrong with an answer of the simulator itself. */
  answer(request: Pick<SentRequest, 'method' | 'url'>, status: number, body: unknown): string[];
  /** What is wrong with a value, by a schema of the document. */
  value(schema: Schema, value: unknown): string[];
}

const folder = join(import.meta.dirname, '../../../shared/data');

/** Null where the documents are not beside the checkout. */
export function readDocument(name: string): OpenApiDocument | null {
  const file = join(folder, name);
  if (!existsSync(file)) return null;
  return JSON.parse(readFileSync(file, 'utf8')) as OpenApiDocument;
}

export const readShared = (name: string): unknown => JSON.parse(readFileSync(join(folder, name), 'utf8'));

const prefix = '#/components/schemas/';

/** @param open names of `schema.property` that may hold anything here, for unions of hundreds that are checked in another way */
export function createDocumentValidator(given: OpenApiDocument, open: readonly string[] = []): DocumentValidator {
  const document = structuredClone(given) as OpenApiDocument;
  for (const path of open) {
    const [schema = '', property = ''] = path.split('.');
    const properties = document.components.schemas[schema]?.properties;
    if (!properties?.[property]) throw new Error(`the document has no ${path}`);
    properties[property] = {};
  }
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  // Schemas stand in one document under one name, so that each is compiled once and only if it is asked for.
  ajv.addSchema(JSON.parse(JSON.stringify(document).replaceAll(`"${prefix}`, `"doc${prefix}`)), 'doc');
  const compiled = new Map<string, ValidateFunction>();

  function value(schema: Schema, value: unknown): string[] {
    const key = JSON.stringify(schema);
    let validate = compiled.get(key);
    if (!validate)
      compiled.set(key, (validate = ajv.compile(JSON.parse(key.replaceAll(`"${prefix}`, `"doc${prefix}`)))));
    if (validate(value)) return [];
    return (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || 'the value'} ${message}`);
  }

  const resolve = (schema: Schema): Schema =>
    schema.$ref ? (document.components.schemas[schema.$ref.slice(prefix.length)] ?? {}) : schema;

  /** All that several schemas together name, for those that add to each other. */
  function merge(schema: Schema): Schema {
    if (!schema.allOf) return schema;
    const { allOf, ...own } = schema;
    const parts = [own as Schema, ...allOf.map((each) => merge(resolve(each)))];
    return { ...own, properties: Object.assign({}, ...parts.map(({ properties }) => properties)) };
  }

  /** Fields that the schema does not name. A real server lets them be; whoever sends them is mistaken about something. */
  function unknownFields(schema: Schema, value: unknown, at: string): string[] {
    const { anyOf, items, properties, additionalProperties } = merge(resolve(schema));
    if (anyOf) {
      const found = anyOf.map((each) => unknownFields(each, value, at));
      return found.find((each) => each.length === 0) ?? found[0] ?? [];
    }
    if (Array.isArray(value)) return items ? value.flatMap((each, i) => unknownFields(items, each, `${at}/${i}`)) : [];
    if (!value || typeof value !== 'object' || !properties || additionalProperties) return [];
    return Object.entries(value).flatMap(([name, each]) => {
      const property = properties[name];
      return property ? unknownFields(property, each, `${at}/${name}`) : [`${at}/${name} is not known`];
    });
  }

  function find({ method, url }: Pick<SentRequest, 'method' | 'url'>) {
    for (const [template, operations] of Object.entries(document.paths)) {
      const names: string[] = [];
      const pattern = template.replace(/[.+*]/g, '\\$&').replace(/\{(\w+)\}/g, (_, name: string) => {
        names.push(name);
        return '([^/]+)';
      });
      const match = new RegExp(`^${pattern}$`).exec(url.pathname);
      const operation = operations[method.toLowerCase()];
      if (!match || !operation) continue;
      const values = match.slice(1).map(decodeURIComponent);
      return { operation, path: Object.fromEntries(names.map((name, i) => [name, values[i]])) };
    }
    return null;
  }

  function parameterProblems(operation: Operation, path: Record<string, string | undefined>, query: URLSearchParams) {
    const declared = operation.parameters ?? [];
    const unknown = [...new Set(query.keys())].filter((name) => !declared.some((each) => each.name === name));
    const problems = unknown.map((name) => `the query has ${name}, which is not known`);
    for (const { name, in: place, required, schema } of declared) {
      if (place !== 'path' && place !== 'query') continue;
      const given = place === 'path' ? [path[name] ?? ''] : query.getAll(name);
      if (given.length === 0) {
        if (required) problems.push(`the query lacks ${name}`);
        continue;
      }
      const forms = given.length === 1 ? [coerce(given[0]), given[0], given] : [given];
      const found = forms.map((form) => value(schema, form));
      if (found.every((each) => each.length > 0)) problems.push(`${name}: ${found[0]?.join(', ')}`);
    }
    return problems;
  }

  function bodyProblems({ requestBody }: Operation, { contentType, body }: SentRequest): string[] {
    if (!requestBody) return contentType ? ['a body is not expected'] : [];
    if (!contentType) return requestBody.required ? ['the body is missing'] : [];
    const schema = requestBody.content[contentType]?.schema;
    if (!schema) return [`a body of ${contentType} is not expected`];
    if (contentType !== 'multipart/form-data') return [...value(schema, body), ...unknownFields(schema, body, '')];
    const { properties = {}, required = [] } = resolve(schema);
    const names = body as string[];
    return [
      ...required.filter((name) => !names.includes(name)).map((name) => `the form lacks ${name}`),
      ...names.filter((name) => !properties[name]).map((name) => `the form has ${name}, which is not known`),
    ];
  }

  return {
    document,
    value,
    request(request) {
      const found = find(request);
      if (!found) return [`${request.method} ${request.url.pathname} is not known`];
      const { operation, path } = found;
      return [...parameterProblems(operation, path, request.url.searchParams), ...bodyProblems(operation, request)];
    },
    answer(request, status, body) {
      const answers = find(request)?.operation.responses;
      const schema = (answers?.[status] ?? answers?.[200])?.content?.['application/json']?.schema;
      return schema ? value(schema, body) : [];
    },
  };
}

/** A query holds text alone. */
function coerce(text: string | undefined): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return text !== undefined && /^-?\d+$/.test(text) ? Number(text) : text;
}
