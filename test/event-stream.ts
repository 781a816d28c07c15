import { get } from 'node:http';
import { type Credential, type Person, showing, type TestApp } from './app.ts';

/** An open stream of `GET /events`, and what came by it. */
export interface EventStream {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  /** Everything so far, as it came over the line. */
  readonly text: () => string;
  /** What `event: change` told so far. */
  readonly changes: () => { kind: string; ids: string[] | null; what: string }[];
  readonly hellos: () => number;
  /** `ended` when the server ended it as answers are, `cut` when the connection broke. */
  readonly over: Promise<'ended' | 'cut'>;
  /** Leaves off reading, as a client does that hangs. */
  pause(): void;
  resume(): void;
  close(): void;
}

/** Opens a stream and waits for its head. */
export function openEvents(app: TestApp, as: Person | Credential): Promise<EventStream> {
  return new Promise((resolve, reject) => {
    const request = get(
      `${app.url}/api/v1/events`,
      { agent: false, headers: showing(as, 'GET', app.url) },
      (response) => {
        let text = '';
        const over = Promise.withResolvers<'ended' | 'cut'>();
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () => over.resolve('ended'));
        response.on('error', () => over.resolve('cut'));
        response.on('close', () => over.resolve('cut'));
        const blocks = (name: string): string[] =>
          text
            .split('\n\n')
            .slice(0, -1)
            .filter((block) => block.includes(`event: ${name}\n`));
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: () => text,
          changes: () => blocks('change').map((block) => JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? 'null')),
          hellos: () => blocks('hello').length,
          over: over.promise,
          pause: () => void response.pause(),
          resume: () => void response.resume(),
          close: () => void response.destroy(),
        });
      },
    );
    request.on('error', reject);
  });
}
