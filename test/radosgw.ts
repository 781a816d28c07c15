import { execFile, execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { freePort } from './free-port.ts';
import { slowness } from './slowness.ts';

const run = promisify(execFile);

/** A real S3 server: Ceph's radosgw before one monitor and one store in memory, all of this machine. */
export interface Radosgw {
  readonly endpoint: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  createBucket(name: string): Promise<void>;
  stop(): Promise<void>;
}

/** Debian's packages ceph-mon, ceph-osd, ceph-common and radosgw. */
export const hasRadosgw = ['ceph-mon', 'ceph-osd', 'ceph', 'radosgw', 'radosgw-admin', 'monmaptool'].every((program) =>
  ['/usr/bin', '/usr/sbin', '/usr/local/bin'].some((folder) => existsSync(join(folder, program))),
);

const credentials = { accessKeyId: 'TINTYPETEST', secretAccessKey: 'a secret for tests alone' };

/** Starts one in a folder of its own, on ports that are free; takes a quarter of a minute. */
export async function startRadosgw(): Promise<Radosgw> {
  const folder = await mkdtemp(join(tmpdir(), 'tintype-radosgw-'));
  const [port, monitor] = [await freePort(), await freePort()];
  const conf = join(folder, 'ceph.conf');
  for (const name of ['mon', 'osd', 'rgw', 'run']) await mkdir(join(folder, name));
  await writeFile(conf, configuration(folder, { port, monitor }));

  const pids: number[] = [];
  const start = async (program: string, ...args: string[]): Promise<void> => {
    const log = await open(join(folder, `${program}.out`), 'w');
    const child = spawn(program, ['-c', conf, ...args, '--foreground'], { stdio: ['ignore', log.fd, log.fd] });
    child.on('error', () => {});
    if (child.pid) pids.push(child.pid);
    await log.close();
  };
  const ceph = (program: string, ...args: string[]) =>
    run(program, ['-c', conf, ...args], { timeout: 60_000 * slowness });
  const stop = async (): Promise<void> => {
    for (const pid of pids.reverse()) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended by itself.
      }
    }
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  };
  // A test process that is killed takes them along.
  process.once('exit', () => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It ended before.
      }
    }
  });

  try {
    const [monmap, keyring] = [join(folder, 'monmap'), join(folder, 'keyring')];
    const fsid = /fsid = (\S+)/.exec(await readFile(conf, 'utf8'))?.[1] ?? '';
    const address = `[v2:127.0.0.1:${monitor}]`;
    execFileSync('monmaptool', ['--create', '--clobber', '--fsid', fsid, '--addv', 'a', address, monmap]);
    execFileSync('ceph-authtool', ['--create-keyring', keyring, '--gen-key', '-n', 'mon.', '--cap', 'mon', 'allow *']);
    await ceph('ceph-mon', '--mkfs', '-i', 'a', '--monmap', monmap, '--keyring', keyring);
    await start('ceph-mon', '-i', 'a');
    await until('the monitor', () => ceph('ceph', '-s'));
    const osd = randomUUID();
    await ceph('ceph', 'osd', 'new', osd, '0');
    await ceph('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
    await start('ceph-osd', '-i', '0');
    await until('the store', async () => {
      const { stdout } = await ceph('ceph', 'osd', 'stat', '--format', 'json');
      if (JSON.parse(stdout).num_up_osds !== 1) throw new Error(stdout);
    });
    await start('radosgw', '-n', 'client.rgw');
    await until('radosgw', () => fetch(`http://127.0.0.1:${port}/`));
    const { accessKeyId, secretAccessKey } = credentials;
    await ceph(
      'radosgw-admin',
      ...['user', 'create', '--uid=test', '--display-name=test'],
      ...[`--access-key=${accessKeyId}`, `--secret-key=${secretAccessKey}`],
    );
  } catch (error) {
    await stop();
    throw error;
  }
  const endpoint = `http://127.0.0.1:${port}`;
  return {
    endpoint,
    ...credentials,
    async createBucket(name) {
      const client = new S3Client({ endpoint, credentials, region: 'us-east-1', forcePathStyle: true });
      await client.send(new CreateBucketCommand({ Bucket: name })).finally(() => client.destroy());
    },
    stop,
  };
}

async function until(what: string, ready: () => Promise<unknown>): Promise<void> {
  let last: unknown;
  for (let attempt = 0; attempt < 240 * slowness; attempt += 1) {
    try {
      await ready();
      return;
    } catch (error) {
      last = error;
      await sleep(250);
    }
  }
  throw new Error(`${what} of the S3 server for tests did not come up.`, { cause: last });
}

/** One of everything, without signs between its parts: it listens on loopback, and lives as long as the tests. */
const configuration = (folder: string, { port, monitor }: { port: number; monitor: number }): string => `[global]
fsid = ${randomUUID()}
mon_host = v2:127.0.0.1:${monitor}/0
mon_initial_members = a
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
public_addr = 127.0.0.1
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 4
osd_pool_default_pgp_num = 4
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
run_dir = ${folder}/run
log_file = ${folder}/$name.log
admin_socket = ${folder}/run/$name.asok
osd_objectstore = memstore
memstore_device_bytes = 4294967296
osd_class_load_list = *
osd_class_default_list = *
[mon.a]
mon_data = ${folder}/mon
mon_addr = 127.0.0.1:${monitor}
[osd.0]
osd_data = ${folder}/osd
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${port}
rgw_data = ${folder}/rgw
ms_mon_client_mode = crc
`;
