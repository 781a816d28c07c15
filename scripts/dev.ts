// npm run dev: the server, started again when its files change, and behind one address the web app, reloading.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import path from 'node:path';
import { createServer as createWeb } from 'vite';

const root = path.dirname(import.meta.dirname);
const port = Number(process.env.PORT ?? 8000);
const serverPort = await freePort();

// The web app asks for the same origin, so vite stands in front and passes the API on.
const server = spawn(
  process.execPath,
  [
    '--watch',
    '--watch-preserve-output',
    `--watch-path=${path.join(root, 'src')}`,
    path.join(root, 'src/main.ts'),
    'serve',
  ],
  {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      HOST: '127.0.0.1',
      PORT: String(serverPort),
      // The one address to open; the server prints it when it is ready.
      TINTYPE_PUBLIC_URL: process.env.TINTYPE_PUBLIC_URL ?? `http://127.0.0.1:${port}`,
      LOG_FORMAT: process.env.LOG_FORMAT ?? 'pretty',
    },
  },
);
process.env.TINTYPE_DEV_SERVER = `http://127.0.0.1:${serverPort}`;
process.chdir(path.join(root, 'web'));
const web = await createWeb({
  root: path.join(root, 'web'),
  configFile: path.join(root, 'web/vite.config.ts'),
  server: { host: '127.0.0.1', port, strictPort: true },
  logLevel: 'warn',
});
await web.listen();

let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(signal));
server.once('exit', (code) => {
  process.exitCode = code ?? 0;
  void web.close().then(() => process.exit());
});

/** The server stops its PostgreSQL, then this process follows it. A second signal changes nothing. */
function stop(signal: NodeJS.Signals): void {
  if (stopping) return;
  stopping = true;
  server.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port: free } = probe.address() as { port: number };
      probe.close(() => resolve(free));
    });
  });
}
