import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { Answer, Credential, Person, TestApp } from '../app.ts';

/** A field as photo-gallery's contract writes it; with `?` it may be null or absent. */
type Field = 'string' | 'uuid' | 'integer' | 'number' | 'boolean' | 'timestamp';
export type Shape = Field | `${Field}?` | readonly [Shape] | { readonly [name: string]: Shape };

const isOf: Record<Field, (value: unknown) => boolean> = {
  string: (value) => typeof value === 'string',
  uuid: (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(String(value)),
  integer: Number.isInteger,
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  timestamp: (value) =>
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) && !Number.isNaN(Date.parse(value)),
};

function problemsOf(value: unknown, shape: Shape, at = ''): string[] {
  if (typeof shape === 'string') {
    const isOptional = shape.endsWith('?');
    if (isOptional && (value === null || value === undefined)) return [];
    const field = (isOptional ? shape.slice(0, -1) : shape) as Field;
    return isOf[field](value) ? [] : [`${at} is no ${field}: ${JSON.stringify(value)}`];
  }
  if (Array.isArray(shape)) {
    if (!Array.isArray(value)) return [`${at} is no list`];
    return value.flatMap((one, n) => problemsOf(one, shape[0], `${at}[${n}]`));
  }
  if (typeof value !== 'object' || value === null) return [`${at} is no object`];
  return Object.entries(shape).flatMap(([name, inner]) =>
    problemsOf((value as Record<string, unknown>)[name], inner, `${at}.${name}`),
  );
}

/** Holds an answer against the contract; what it has beyond that, a client of the contract does not read. */
export function expectShape(value: unknown, shape: Shape): void {
  expect(problemsOf(value, shape)).toEqual([]);
}

const making = {
  prompt: 'string?',
  negative_prompt: 'string?',
  model_key: 'string?',
  model_name: 'string?',
  seed: 'integer?',
  steps: 'integer?',
  cfg_scale: 'number?',
} as const;
export const photo = {
  id: 'uuid',
  filename: 'string',
  width: 'integer',
  height: 'integer',
  created_at: 'timestamp',
  is_generated: 'boolean',
  invoke_id: 'string?',
  thumbnail_url: 'string',
  full_url: 'string',
  retrieval_status: 'string?',
  generation_metadata: making,
} as const satisfies Shape;
export const listOf = (item: Shape): Shape => ({
  items: [item],
  total: 'integer',
  limit: 'integer',
  offset: 'integer',
});
export const refusal = { error: { code: 'string', message: 'string', details: {} } } as const satisfies Shape;

/** What photo-gallery's clients do: JSON to `/api/v1`, and one file in a form. */
export function createGalleryClient(app: TestApp, as: Person | Credential) {
  const send = (method: string, path: string, json?: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
    app.request(as, method, `/api/v1${path}`, json === undefined ? { headers } : { json, headers });
  return {
    send,
    /** @returns the body of an answer that has this status; nothing for 204 */
    // biome-ignore lint/suspicious/noExplicitAny: tests say what they expect of it.
    async ask(status: number, method: string, path: string, json?: unknown): Promise<any> {
      const answer = await send(method, path, json);
      expect([method, path, answer.status, answer.status === status ? '' : answer.text]).toEqual([
        method,
        path,
        status,
        '',
      ]);
      if (status === 204) expect(answer.text).toBe('');
      return answer.text ? answer.json() : undefined;
    },
    /** A refusal: its code, in the one envelope. */
    async refused(status: number, method: string, path: string, json?: unknown): Promise<string> {
      const answer = await send(method, path, json);
      expect([method, path, answer.status]).toEqual([method, path, status]);
      expectShape(answer.json(), refusal);
      expect(Object.keys(answer.json())).toEqual(['error']);
      return answer.json().error.code;
    },
    /** `POST /photos` with the field `file`, unless another is named. */
    async upload(bytes: Uint8Array, filename: string, type = 'image/jpeg', field = 'file'): Promise<Answer> {
      const boundary = `----${randomUUID()}`;
      const head = `--${boundary}\r\nContent-Disposition: form-data; name="${field}"; filename="${filename}"\r\nContent-Type: ${type}\r\n\r\n`;
      const body = Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]);
      return app.request(as, 'POST', '/api/v1/photos', {
        body,
        headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
      });
    },
    bytes: (path: string, headers: Record<string, string> = {}) => app.request(as, 'GET', path, { headers }),
  };
}
export type GalleryClient = ReturnType<typeof createGalleryClient>;
