import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer, type Server as SecureServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { formWithFile } from './form-with-file.ts';
import { createOutbound, type OutboundError, type OutboundFailure, type OutboundOptions } from './outbound.ts';

let server: Server;
let port: number;
let answer: (request: IncomingMessage, response: ServerResponse) => unknown;
const came: string[] = [];

beforeEach(async () => {
  came.length = 0;
  answer = (_request, response) => response.end('{}');
  server = createServer((request, response) => {
    came.push(`${request.method} ${request.url}`);
    Promise.resolve(answer(request, response)).catch((error: NodeJS.ErrnoException) => {
      // A request that was broken off is no failure of the server that it was sent to.
      if (error.code !== 'ECONNRESET') throw error;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  port = (server.address() as AddressInfo).port;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function open(options: Partial<OutboundOptions> = {}) {
  const outbound = createOutbound({ url: `http://127.0.0.1:${port}`, connectMs: 5000, readMs: 5000, ...options });
  onTestFinished(() => outbound.close());
  return outbound;
}

const failure = (kind: OutboundFailure, more: Partial<OutboundError> = {}) =>
  expect.objectContaining({ name: 'OutboundError', kind, ...more });

describe('where it goes', () => {
  it.each([
    'ftp://127.0.0.1/',
    'http://user:secret@127.0.0.1/',
    'http://127.0.0.1/?key=secret',
    'not an address',
    'http://169.254.169.254/',
    'http://[fe80::1]/',
    'http://[::ffff:169.254.169.254]/',
    // 169.254.169.254 as a number, which is how a URL may have it.
    'http://2852039166/',
  ])('never to %s', (url) => {
    expect(() => createOutbound({ url })).toThrow(failure('forbidden'));
  });

  it('says so without what it was given', () => {
    expect(() => createOutbound({ url: 'http://user:secret@127.0.0.1/' })).toThrow(/^(?!.*secret).*$/s);
  });

  it('not within the network for what is of the internet', () => {
    expect(() => createOutbound({ url: 'http://127.0.0.1/', isPublic: true })).toThrow(failure('forbidden'));
    expect(() => createOutbound({ url: 'http://192.168.1.2/', isPublic: true })).toThrow(failure('forbidden'));
    createOutbound({ url: 'http://192.168.1.2/' }).close();
  });

  it('to a name only while no address of it is forbidden', async () => {
    let addresses = ['127.0.0.1'];
    const resolve = async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    const near = open({ url: `http://gpu.test:${port}`, resolve });
    await near.json('/');
    expect(came).toEqual(['GET /']);
    near.agent.destroy();

    // The name leads elsewhere by the time of the next connection.
    addresses = ['169.254.169.254'];
    await expect(near.json('/')).rejects.toThrow(failure('forbidden', { wasSent: false }));
    addresses = ['127.0.0.1', 'fe80::1'];
    await expect(near.json('/')).rejects.toThrow(failure('forbidden'));
    addresses = ['127.0.0.1'];
    const far = open({ url: `http://pod.test:${port}`, resolve, isPublic: true });
    await expect(far.json('/')).rejects.toThrow(failure('forbidden'));
    expect(came).toEqual(['GET /']);
  });

  it('stays with its origin whatever the path, and under its own path', async () => {
    const outbound = open({ url: `http://127.0.0.1:${port}/invoke/` });
    await outbound.json('//elsewhere.test/a', { query: { a: ['1', '2'], b: 'x y&c=1' } });
    await outbound.json('/@elsewhere.test');
    expect(came).toEqual(['GET /invoke//elsewhere.test/a?a=1&a=2&b=x+y%26c%3D1', 'GET /invoke/@elsewhere.test']);
  });

  it.each([301, 302, 303, 307, 308])('does not follow a %i', async (status) => {
    answer = (_request, response) => response.writeHead(status, { location: `http://127.0.0.1:${port}/other` }).end();
    await expect(open().json('/', { headers: { authorization: 'Bearer x' } })).rejects.toThrow(failure('redirected'));
    expect(came).toEqual(['GET /']);
  });
});

describe('how long it waits', () => {
  it('for a connection', async () => {
    // The name takes longer than there is time.
    const resolve = () => new Promise<never>(() => {});
    const late = open({ url: 'http://slow.test/', resolve, connectMs: 50 }).json('/');
    await expect(late).rejects.toThrow(failure('timeout', { wasSent: false }));
  });

  it('for an answer', async () => {
    answer = () => {};
    const outbound = open();
    await expect(outbound.json('/', { readMs: 50 })).rejects.toThrow(failure('timeout', { wasSent: true }));
    // On a connection that was kept as well.
    answer = (_request, response) => response.end('{}');
    await outbound.json('/');
    answer = () => {};
    await expect(outbound.json('/', { readMs: 50 })).rejects.toThrow(failure('timeout', { wasSent: true }));
  });

  it('for the rest of one', async () => {
    answer = (_request, response) => response.write('{');
    await expect(open({ readMs: 50 }).json('/')).rejects.toThrow(failure('timeout'));
  });

  it('not for one that drips without end', async () => {
    answer = (_request, response) => {
      const dripping = setInterval(() => response.write(' '), 5);
      response.once('close', () => clearInterval(dripping));
    };
    await expect(open({ totalMs: 100 }).json('/')).rejects.toThrow(failure('timeout'));
  });

  it('as long as the reader is busy', async () => {
    answer = (_request, response) => response.end(Buffer.alloc(4 * 2 ** 20));
    // Time passes while the reader is busy, and only then.
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { body } = await open({ readMs: 200 }).request('/');
    let bytes = 0;
    for await (const chunk of body) {
      if (bytes === 0) vi.advanceTimersByTime(60_000);
      bytes += chunk.length;
    }
    expect(bytes).toBe(4 * 2 ** 20);
  });

  it('until it is told to stop', async () => {
    answer = () => {};
    const signal = AbortSignal.timeout(30);
    await expect(open().json('/', { signal })).rejects.toThrow(failure('aborted'));
    await expect(open().json('/', { signal: AbortSignal.abort() })).rejects.toThrow(failure('aborted'));
  });
});

describe('what comes back', () => {
  it('is told by kind when there is nobody', async () => {
    const gone = createTcpServer();
    await new Promise<void>((resolve) => gone.listen(0, '127.0.0.1', resolve));
    const { port } = gone.address() as AddressInfo;
    await new Promise((resolve) => gone.close(resolve));
    const refused = open({ url: `http://127.0.0.1:${port}` }).json('/');
    await expect(refused).rejects.toThrow(failure('unreachable', { wasSent: false }));
    await expect(refused).rejects.toThrow('nothing listens there');
    const resolve = async () => Promise.reject(Object.assign(new Error('x'), { code: 'ENOTFOUND' }));
    const unknown = open({ url: 'http://nobody.test', resolve }).json('/');
    await expect(unknown).rejects.toThrow('its name is not known');
  });

  it('is never more than was allowed, announced or not', async () => {
    answer = (_request, response) => response.end(Buffer.alloc(1001));
    await expect(open().json('/', { maxBytes: 1000 })).rejects.toThrow(failure('too_large'));
    answer = (_request, response) => {
      response.write(Buffer.alloc(600));
      response.end(Buffer.alloc(600));
    };
    let bytes = 0;
    const { body } = await open().request('/', { maxBytes: 1000 });
    const reading = async () => {
      for await (const chunk of body) bytes += chunk.length;
    };
    await expect(reading()).rejects.toThrow(failure('too_large'));
    expect(bytes).toBeLessThanOrEqual(1000);
  });

  it('is told apart from half of it', async () => {
    answer = (_request, response) => {
      response.writeHead(200, { 'content-length': 100 });
      response.write('{}', () => response.destroy());
    };
    await expect(open().json('/')).rejects.toThrow(failure('broken', { wasSent: true }));
    answer = (request) => request.socket.destroy();
    await expect(open().json('/', { method: 'POST', json: {} })).rejects.toThrow(failure('broken', { wasSent: true }));
  });

  it('is asked for again on a connection that had gone, unless it might be done twice', async () => {
    const outbound = open();
    await outbound.json('/');
    let spoiled = 0;
    answer = (request, response) => {
      if (spoiled++ === 0) request.socket.resetAndDestroy();
      else response.end('{"a":1}');
    };
    expect((await outbound.json('/')).value).toEqual({ a: 1 });
    spoiled = 0;
    await expect(outbound.json('/', { method: 'POST', json: {} })).rejects.toThrow(failure('broken'));
    expect(spoiled).toBe(1);
  });

  it('is an error with what it says, when it is not in the 200s', async () => {
    answer = (_request, response) => response.writeHead(503, { 'retry-after': '7' }).end(`no ${'x'.repeat(9000)}`);
    const error = (await open()
      .json('/', { headers: { authorization: 'Bearer secret' } })
      .catch((error: unknown) => error)) as OutboundError;
    expect(error).toEqual(failure('status', { status: 503, retryAfterMs: 7000 }));
    expect(error.body.length).toBe(4096);
    expect(JSON.stringify({ ...error, message: error.message, stack: error.stack })).not.toContain('secret');
  });

  it.each([
    ['0', 5000],
    ['1000000000', 600_000],
    ['Thu, 01 Jan 1970 00:00:00 GMT', 5000],
    ['soon', null],
  ])('is believed within bounds when it says to come back after %s', async (said, retryAfterMs) => {
    answer = (_request, response) => response.writeHead(429, { 'retry-after': said }).end();
    await expect(open().json('/')).rejects.toEqual(failure('status', { status: 429, retryAfterMs }));
  });

  it('is not what was not asked for', async () => {
    answer = (_request, response) => response.end('<html>');
    await expect(open().json('/')).rejects.toThrow(failure('malformed'));
    answer = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x');
    await expect(open().json('/')).rejects.toThrow(failure('malformed'));
    answer = (_request, response) => response.writeHead(204).end();
    expect((await open().json('/')).value).toBeNull();
  });
});

describe('over TLS', () => {
  let tls: SecureServer;
  let dir: string;
  const trusted = getCACertificates('default');
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'outbound-'));
    const [key, cert] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
    const name = ['-subj', '/CN=gpu.test', '-addext', 'subjectAltName=DNS:gpu.test'];
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', key, '-out', cert];
    execFileSync('openssl', ['req', '-x509', ...made, '-days', '2', ...name], { stdio: 'ignore' });
    tls = createSecureServer({ key: await readFile(key), cert: await readFile(cert) }, (request, response) => {
      came.push(`${request.method} ${request.url}`);
      answer(request, response);
    });
    await new Promise<void>((resolve) => tls.listen(0, '127.0.0.1', resolve));
  });
  afterEach(async () => {
    setDefaultCACertificates(trusted);
    tls.closeAllConnections();
    await new Promise((resolve) => tls.close(resolve));
    await rm(dir, { recursive: true });
  });

  const to = (name: string, more: Partial<OutboundOptions> = {}) =>
    open({
      url: `https://${name}:${(tls.address() as AddressInfo).port}`,
      resolve: async () => [{ address: '127.0.0.1', family: 4 }],
      ...more,
    });

  it('goes to whoever is trusted, by the name that was configured', async () => {
    const untrusted = to('gpu.test').json('/');
    await expect(untrusted).rejects.toThrow(failure('unreachable', { wasSent: false }));
    await expect(untrusted).rejects.toThrow('its certificate is not valid');
    setDefaultCACertificates([...trusted, (await readFile(join(dir, 'cert.pem'))).toString()]);
    await expect(to('other.test').json('/')).rejects.toThrow('its certificate is not valid');
    const outbound = to('gpu.test');
    await outbound.json('/one');
    await outbound.json('/two');
    expect(came).toEqual(['GET /one', 'GET /two']);
  });

  it('waits no longer for an answer, or for an agreement, than elsewhere', async () => {
    setDefaultCACertificates([...trusted, (await readFile(join(dir, 'cert.pem'))).toString()]);
    answer = () => {};
    await expect(to('gpu.test', { readMs: 50 }).json('/')).rejects.toThrow(failure('timeout', { wasSent: true }));
    // A client that gives up may reset the line.
    const mute = createTcpServer((socket) => socket.on('error', () => {}));
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void mute.close());
    const { port } = mute.address() as AddressInfo;
    const agreeing = open({ url: `https://127.0.0.1:${port}`, connectMs: 50 }).json('/');
    await expect(agreeing).rejects.toThrow(failure('timeout', { wasSent: false }));
  });
});

it('sends a file as a form, as it reads it', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'outbound-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = join(dir, 'photo.jpg');
  const bytes = randomBytes(3 * 2 ** 20);
  await writeFile(path, bytes);
  let form: FormData | undefined;
  answer = async (request, response) => {
    const body = await new Response(request as unknown as ReadableStream, {
      headers: { 'content-type': request.headers['content-type'] ?? '' },
    }).formData();
    form = body;
    response.end('{}');
  };
  const file = { name: 'file', path, filename: 'photo.jpg', contentType: 'image/jpeg' };
  await open().json('/', { method: 'POST', body: await formWithFile({ prompt: 'ä “b”' }, file) });
  expect(form?.get('prompt')).toBe('ä “b”');
  const sent = form?.get('file') as File;
  expect([sent.name, sent.type]).toEqual(['photo.jpg', 'image/jpeg']);
  const hash = (data: Uint8Array) => createHash('sha256').update(data).digest('hex');
  expect(hash(Buffer.from(await sent.arrayBuffer()))).toBe(hash(bytes));
});

it('fails when the file that is sent does', async () => {
  answer = async (request, response) => response.end(JSON.stringify((await text(request)).length));
  const dir = await mkdtemp(join(tmpdir(), 'outbound-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = join(dir, 'photo.jpg');
  await writeFile(path, 'x');
  const body = await formWithFile({}, { name: 'file', path, filename: 'photo.jpg', contentType: 'image/jpeg' });
  await rm(path);
  await expect(open().json('/', { method: 'POST', body })).rejects.toThrow();
});
