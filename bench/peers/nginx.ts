import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../test/free-port.ts';

export interface Peer {
  readonly pid: number;
  readonly port: number;
  close(): Promise<void>;
}

/** What a row says where nginx is not installed. */
export const noNginx = { absent: 'nginx is not on this machine (Debian: apt-get install nginx-light)' };

/**
 * Serves a folder by nginx, set up as one who wants speed does: sendfile, descriptors kept open, no log, one process.
 * @returns null where nginx is not installed
 */
export async function startNginx(folder: string): Promise<Peer | null> {
  const binary = await findBinary();
  if (!binary) return null;
  const home = await mkdtemp(join(tmpdir(), 'bench-nginx-'));
  const port = await freePort();
  const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${home}/${kind};`);
  await writeFile(
    join(home, 'nginx.conf'),
    `daemon off; master_process off; error_log stderr crit; pid ${home}/nginx.pid;
    events { worker_connections 1024; }
    http {
      ${temp.join(' ')}
      access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_requests 100000000; keepalive_timeout 300s;
      open_file_cache max=10000 inactive=300s; default_type image/webp;
      server { listen 127.0.0.1:${port}; root ${folder}; add_header Cache-Control "private, max-age=31536000, immutable"; }
    }`,
  );
  const child = spawn(binary, ['-c', join(home, 'nginx.conf'), '-p', home], { stdio: ['ignore', 'ignore', 'inherit'] });
  await untilListening(child, port);
  return {
    pid: child.pid as number,
    port,
    async close() {
      child.kill('SIGTERM');
      if (child.exitCode === null) await once(child, 'exit');
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function findBinary(): Promise<string | null> {
  // Debian keeps it where only root's PATH looks.
  for (const folder of [...(process.env.PATH ?? '').split(':'), '/usr/sbin', '/usr/local/sbin']) {
    const found = await access(join(folder, 'nginx')).then(
      () => true,
      () => false,
    );
    if (found) return join(folder, 'nginx');
  }
  return null;
}

async function untilListening(child: ChildProcess, port: number): Promise<void> {
  for (let tries = 0; tries < 1200 && child.exitCode === null; tries += 1) {
    const socket = connect(port, '127.0.0.1');
    const connected = await Promise.race([
      once(socket, 'connect').then(() => true),
      once(socket, 'error').then(() => false),
    ]).catch(() => false);
    socket.destroy();
    if (connected) return;
    await sleep(50);
  }
  throw new Error('nginx did not start');
}
