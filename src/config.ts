import { existsSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { z } from 'zod';
import type { StudioConfig } from './features/generation/index.ts';
import type { StorageConfig } from './platform/blobs/open-store.ts';

/** One configuration key: what it accepts, what it is when absent, and the sentence that documents it. */
interface Key<Schema extends z.ZodType = z.ZodType, Default extends string | undefined = string | undefined> {
  readonly schema: Schema;
  readonly default: Default;
  readonly doc: string;
}

const key = <Schema extends z.ZodType, Default extends string | undefined>(
  schema: Schema,
  fallback: Default,
  doc: string,
): Key<Schema, Default> => ({ schema, default: fallback, doc });

const text = z.string().min(1, 'must not be empty');
const port = z
  .string()
  .regex(/^\d{1,5}$/, 'must be a whole number from 0 to 65535')
  .transform(Number)
  .refine((value) => value <= 65535, 'must be a whole number from 0 to 65535');
const whole = (least: number, most: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .refine((value) => value >= least && value <= most, `must be a whole number from ${least} to ${most}`);
const oneOf = <const Values extends readonly [string, ...string[]]>(...values: Values) =>
  z.enum(values, `must be one of ${values.join(', ')}`);
const postgresUrl = z
  .string()
  .refine((value) => /^postgres(ql)?:\/\//.test(value) && URL.canParse(value), 'must be a URL such as postgres://…');
const webUrl = z
  .string()
  .refine(
    (value) => /^https?:\/\//.test(value) && URL.canParse(value),
    'must be a URL such as https://photos.example.org',
  )
  .transform((value) => new URL(value).origin);
/** With its path: some providers have their S3 server below one. */
const serverUrl = z
  .string()
  .refine((value) => {
    if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return false;
    const { search, hash, username, password } = new URL(value);
    return !(search || hash || username || password);
  }, 'must be a URL such as https://s3.example.org')
  .transform((value) => new URL(value).href.replace(/\/+$/, ''));
/** The id is a part of the host, or of the path. */
const podUrl = z.string().refine((value) => {
  const { success } = serverUrl.safeParse(value.replace('{pod}', 'pod'));
  return success && !value.endsWith('/') && value.includes('{pod}');
}, 'must be a URL with {pod} in it, such as https://{pod}.pods.example.org');
/** Plain http is for addresses of this machine: elsewhere the pages that show the pictures come by https, and browsers refuse the mixture. */
const isReadable = (url: URL): boolean =>
  (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname))) &&
  !(url.search || url.hash || url.username || url.password);
const publicAddress = z
  .string()
  .refine(
    (value) => URL.canParse(value) && isReadable(new URL(value)),
    'must be a URL such as https://pictures.example.org',
  )
  .transform((value) => new URL(value).href.replace(/\/+$/, ''));
const publicDomain = z
  .string()
  .transform((value) => (value.includes('://') ? value : `https://${value}`))
  .refine(
    (value) => URL.canParse(value) && isReadable(new URL(value)) && new URL(value).pathname === '/',
    'must be a domain such as pictures.example.org or https://pictures.example.org',
  )
  .transform((value) => new URL(value).origin);
const list = z.string().transform((value) =>
  value
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean),
);
/** The earlier systems whose clients can be served. */
export const legacyNames = ['style-ai', 'ai-library', 'org-images', 'pinit'] as const;
export type LegacyName = (typeof legacyNames)[number];

const isLegacyName = (name: string): name is LegacyName => (legacyNames as readonly string[]).includes(name);
const legacyList = list
  .transform((names) => (names.join() === 'none' ? [] : names))
  .refine((names) => names.every(isLegacyName), `must be none, or some of ${legacyNames.join(', ')}`)
  .transform((names) => names.filter(isLegacyName));
/** Apps that are no web sites have origins as well, such as capacitor://localhost. */
const origins = list
  .refine(
    (entries) => entries.join() === '*' || entries.every((entry) => /^[a-z][a-z0-9+.-]*:\/\/[^/\s?#@*]+$/i.test(entry)),
    'must be *, or origins such as https://app.example.org',
  )
  .transform((entries) => (entries.join() === '*' ? '*' : entries.map((entry) => entry.toLowerCase())));
const networks = list.refine(
  (entries) => entries.every((entry) => isIP(entry.split('/')[0] ?? '') !== 0 && /^[^/]+(\/\d{1,3})?$/.test(entry)),
  'must be addresses or networks such as 127.0.0.1,10.0.0.0/8',
);

/** `20MB`, `1.5 GiB` or a plain number of bytes. */
export const byteSize = z.string().transform((value, context) => {
  const match = /^(\d+(?:\.\d+)?)\s*(b|kb|kib|mb|mib|gb|gib)?$/i.exec(value.trim());
  const units: Record<string, number> = {
    b: 1,
    kb: 1e3,
    kib: 2 ** 10,
    mb: 1e6,
    mib: 2 ** 20,
    gb: 1e9,
    gib: 2 ** 30,
  };
  const size = match ? Math.floor(Number(match[1]) * (units[(match[2] ?? 'b').toLowerCase()] ?? 1)) : 0;
  if (size < 1024 || size > 2 ** 40) {
    context.addIssue({ code: 'custom', message: 'must be a size from 1KiB to 1024GiB, such as 20MiB or 20971520' });
    return z.NEVER;
  }
  return size;
});

/**
 * Every key that the product reads, once: `docs/configuration.md` and `.env.example` are written from this table
 * and held against it by a test.
 */
export const configKeys = {
  TINTYPE_DATA: key(text, './data', 'Folder of the library: originals, thumbnails and the embedded database.'),
  HOST: key(text, '127.0.0.1', 'Address to listen on. Anything but loopback makes the first set-up ask for a token.'),
  PORT: key(port, '8000', 'Port to listen on; 0 takes a free one.'),
  TINTYPE_PUBLIC_URL: key(
    webUrl,
    undefined,
    'Address that people open, used in every link that is sent or shown. Default: the address listened on.',
  ),
  TINTYPE_TRUSTED_PROXIES: key(
    networks,
    '',
    'Proxies (addresses or networks, comma-separated) whose X-Forwarded-For and -Proto are believed.',
  ),
  DATABASE_URL: key(
    postgresUrl,
    undefined,
    'A PostgreSQL (15 or newer) of your own, as the owner that migrates. Default: the embedded one.',
  ),
  APP_DATABASE_URL: key(
    postgresUrl,
    undefined,
    'The login the server itself works under, where the owner may not create roles. It must not be able to bypass row-level security.',
  ),
  TINTYPE_MODE: key(oneOf('multi', 'single'), 'multi', 'single: one owner, no sign-in, loopback only.'),
  TINTYPE_REGISTRATION: key(
    oneOf('open', 'invite', 'closed'),
    'open',
    'Who may sign up: anyone, people with an invitation, nobody.',
  ),
  TINTYPE_ADMIN_USERNAME: key(
    text,
    undefined,
    'With TINTYPE_ADMIN_PASSWORD: makes this first account at the start, so that no set-up is needed.',
  ),
  TINTYPE_ADMIN_PASSWORD: key(
    text,
    undefined,
    'Password of that first account. Change it in the app afterwards; it is not read again.',
  ),
  TINTYPE_ALLOWED_HOSTS: key(
    list,
    '',
    'Further host names that single mode answers to, beside localhost and loopback addresses.',
  ),
  MAX_UPLOAD_SIZE: key(byteSize, '20MiB', 'Largest file that one upload may be.'),
  TINTYPE_TRASH_DAYS: key(whole(1, 3650), '30', 'Days that a photo stays in the trash before it is deleted for good.'),
  TINTYPE_QUOTA_BYTES: key(
    byteSize,
    undefined,
    'What the photos of a new account may add up to, trash included. An administrator changes it for each person; the first account has no end. Default: no end.',
  ),
  TINTYPE_QUOTA_PHOTOS: key(
    whole(0, 1_000_000_000),
    undefined,
    'How many photos a new account may keep, trash included; as above.',
  ),
  TINTYPE_AUDIT_DAYS: key(whole(7, 3650), '365', 'Days that the audit log reaches back.'),
  TINTYPE_STORAGE: key(
    oneOf('files', 's3', 'postgres'),
    'files',
    'Where the bytes of photos are: files in TINTYPE_DATA, a bucket of an S3 server (S3_* or R2_*), or the database.',
  ),
  TINTYPE_CACHE_SIZE: key(
    byteSize,
    '2GiB',
    'What thumbnails from a bucket or the database may take of the disk in TINTYPE_DATA, those looked at last.',
  ),
  TINTYPE_MEMORY_CACHE: key(
    byteSize,
    '64MiB',
    'Memory for thumbnails, those shown last; originals that are asked for again may have as much, and as much on their way to slow clients.',
  ),
  S3_ENDPOINT: key(
    serverUrl,
    undefined,
    'Address of the S3 server (MinIO, Ceph, …), with its path if it has one. Default: Amazon’s own of the region.',
  ),
  S3_REGION: key(text, 'us-east-1', 'Region of the bucket.'),
  S3_BUCKET: key(text, undefined, 'The bucket. It must be there, and nobody but these credentials may read from it.'),
  S3_PREFIX: key(
    z.string().regex(/^[A-Za-z0-9!_.*'()-]+(\/[A-Za-z0-9!_.*'()-]+)*\/?$/, 'must be folders such as photos/tintype'),
    undefined,
    'Folder in the bucket, such as photos/tintype. Default: its root.',
  ),
  S3_PATH_STYLE: key(
    oneOf('true', 'false'),
    undefined,
    'Whether the bucket is in the path (true) or in the host name. Default: in the path where S3_ENDPOINT is set.',
  ),
  S3_ACCESS_KEY_ID: key(text, undefined, 'Credentials for the bucket.'),
  S3_SECRET_ACCESS_KEY: key(text, undefined, 'Their secret.'),
  S3_PUBLIC_BUCKET: key(
    text,
    undefined,
    'A second bucket, of the same server and credentials, that everybody may read: what people show to everybody is put there as well (profile pictures, covers, logos), and read there.',
  ),
  S3_PUBLIC_URL: key(
    publicAddress,
    undefined,
    'Where everybody reads S3_PUBLIC_BUCKET. Goes with it, and with TINTYPE_STORAGE=s3.',
  ),
  R2_ACCOUNT_ID: key(
    z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 hex digits'),
    undefined,
    'Cloudflare R2 in place of S3_ENDPOINT and S3_REGION: the account.',
  ),
  R2_BUCKET_NAME: key(text, undefined, 'R2: the bucket, in place of S3_BUCKET.'),
  R2_ACCESS_KEY_ID: key(text, undefined, 'R2: credentials, in place of S3_ACCESS_KEY_ID.'),
  R2_SECRET_ACCESS_KEY: key(text, undefined, 'R2: their secret, in place of S3_SECRET_ACCESS_KEY.'),
  R2_PUBLIC_BUCKET_NAME: key(text, undefined, 'R2: the bucket of public pictures, in place of S3_PUBLIC_BUCKET.'),
  R2_PUBLIC_DOMAIN: key(
    publicDomain,
    undefined,
    'R2: the domain that is connected to R2_PUBLIC_BUCKET_NAME, in place of S3_PUBLIC_URL. Goes with it, and with TINTYPE_STORAGE=s3.',
  ),
  TINTYPE_IMAGING_PROCESSES: key(
    whole(1, 64),
    undefined,
    'Processes that decode images. Default: one for each core, four at the most.',
  ),
  INVOKEAI_LOCAL_URL: key(
    serverUrl,
    undefined,
    'An InvokeAI that makes the pictures of the studio, such as http://127.0.0.1:9090. Without any, a painter that needs no model makes them.',
  ),
  INVOKEAI_EMAIL: key(text, undefined, 'Whom to sign in as, where that InvokeAI is for several users.'),
  INVOKEAI_PASSWORD: key(text, undefined, 'Their password.'),
  INVOKEAI_CONNECTION_TIMEOUT: key(
    whole(1, 300),
    '10',
    'Seconds until an InvokeAI that cannot be reached is given up.',
  ),
  INVOKEAI_READ_TIMEOUT: key(whole(1, 3600), '30', 'Seconds without a byte until an answer of it is given up.'),
  RUNPOD_API_KEY: key(
    text,
    undefined,
    'An InvokeAI on a machine rented at RunPod, started when there is work and stopped when there has been none: the key of the account.',
  ),
  RUNPOD_POD_TYPE: key(
    list,
    'NVIDIA RTX A5000',
    'Types of GPU to rent there, comma-separated; the next is taken where none of one is free.',
  ),
  RUNPOD_IMAGE: key(
    text,
    'ghcr.io/invoke-ai/invokeai:latest',
    'What runs on it: an InvokeAI of version 6.12 or newer.',
  ),
  RUNPOD_VOLUME_SIZE: key(
    whole(10, 4096),
    '80',
    'GB of the disk on which it keeps models and pictures while it is stopped. It costs a little then as well, and is gone when the machine is ended.',
  ),
  RUNPOD_NETWORK_VOLUME: key(
    z.string().regex(/^[\w-]+$/, 'must be the id of a network volume, such as agv6w2qcg7'),
    undefined,
    'The id of a network volume of the account, which is used in its place and outlives every machine.',
  ),
  RUNPOD_VOLUME_PATH: key(
    z.string().regex(/^(\/[\w.-]+)+$/, 'must be a folder such as /invokeai'),
    '/invokeai',
    'Where the image finds that disk, with everything of its own on it.',
  ),
  RUNPOD_INVOKEAI_EMAIL: key(
    text,
    undefined,
    'The account at the InvokeAI there, which is made when it starts for the first time. Set it to sign in there yourself, such as to install models. Default: one that nobody knows.',
  ),
  RUNPOD_INVOKEAI_PASSWORD: key(text, undefined, 'Its password.'),
  RUNPOD_IDLE_TIMEOUT: key(whole(1, 1440), '30', 'Minutes without work after which it is stopped.'),
  RUNPOD_MAX_HOURS: key(whole(1, 24), '8', 'Hours that it may run in a day at the most, whatever there is to do.'),
  RUNPOD_API_URL: key(
    serverUrl,
    undefined,
    'Where the interface of RunPod is reached, if not at https://api.runpod.io: a gateway of your own, or something that stands in for it.',
  ),
  RUNPOD_POD_URL: key(
    podUrl,
    undefined,
    'Where a machine is reached, with {pod} for its id. Default: https://{pod}-9090.proxy.runpod.net.',
  ),
  OPENAI_API_KEY: key(
    text,
    undefined,
    'OpenAI, or a server that speaks its image API, makes pictures as well: its key.',
  ),
  OPENAI_BASE_URL: key(
    serverUrl,
    undefined,
    'Where that server is, such as http://127.0.0.1:8080/v1. Default: OpenAI itself, where there is a key.',
  ),
  OPENAI_IMAGE_MODELS: key(
    list,
    '',
    'Its models that are offered, comma-separated. Default: those known to make pictures.',
  ),
  AUTOMATIC1111_URL: key(
    serverUrl,
    undefined,
    'A Stable Diffusion web UI that runs with --api and makes pictures as well, such as http://127.0.0.1:7860.',
  ),
  AUTOMATIC1111_AUTH: key(
    z.string().regex(/^[^:]+:.+$/s, 'must be a name and a password, such as ines:secret'),
    undefined,
    'What it was given as --api-auth: a name, a colon, a password.',
  ),
  MAX_BATCH_SIZE: key(whole(1, 10), '10', 'Pictures that one step of the studio may ask for.'),
  RETRIEVAL_MAX_ATTEMPTS: key(
    whole(1, 100),
    '5',
    'How often it is tried, a minute apart, to fetch a picture that was made; after that a person has to ask for it.',
  ),
  TINTYPE_PAINTER: key(
    oneOf('on', 'off'),
    'on',
    'Whether the built-in painter is offered in the studio: a program that paints by rules, and no AI.',
  ),
  TINTYPE_LEGACY: key(
    legacyList,
    legacyNames.join(),
    'Earlier systems whose clients are answered as they are used to, comma-separated; none answers none. Single mode answers none.',
  ),
  TINTYPE_CORS_ORIGINS: key(
    origins,
    '*',
    'Whose web pages may use what the earlier systems offer: origins such as https://app.example.org, comma-separated, or * for any. The native API is for its own pages.',
  ),
  SMTP_HOST: key(text, undefined, 'Mail server for password resets. Without it an administrator makes reset links.'),
  SMTP_PORT: key(port, '587', 'Port of the mail server; 465 speaks TLS from the start, others by STARTTLS.'),
  SMTP_USER: key(text, undefined, 'User name at the mail server.'),
  SMTP_PASSWORD: key(text, undefined, 'Password at the mail server.'),
  SMTP_FROM: key(text, undefined, 'Sender of the mails, such as "Tintype <photos@example.org>".'),
  TINTYPE_METRICS_TOKEN: key(
    z.string().min(16, 'must be at least 16 characters long'),
    undefined,
    'Bearer token that may read /metrics, beside administrators.',
  ),
  LOG_LEVEL: key(oneOf('trace', 'debug', 'info', 'warn', 'error', 'silent'), 'info', 'What is logged.'),
  LOG_FORMAT: key(oneOf('auto', 'pretty', 'json'), 'auto', 'auto: readable in a terminal, JSON otherwise.'),
} satisfies Record<string, Key>;

type Keys = typeof configKeys;
type Value<Name extends keyof Keys> = z.output<Keys[Name]['schema']>;
type Values = {
  [Name in keyof Keys]: Keys[Name]['default'] extends string ? Value<Name> : Value<Name> | undefined;
};

export interface Config {
  readonly dataDir: string;
  readonly host: string;
  readonly port: number;
  readonly publicUrl: string | undefined;
  readonly trustedProxies: readonly string[];
  readonly databaseUrl: string | undefined;
  readonly appDatabaseUrl: string | undefined;
  readonly mode: 'multi' | 'single';
  readonly registration: 'open' | 'invite' | 'closed';
  readonly firstAdmin: { readonly username: string; readonly password: string } | undefined;
  readonly allowedHosts: readonly string[];
  readonly maxUploadBytes: number;
  readonly trashDays: number;
  /** What new accounts get; null for no end. */
  readonly quota: { readonly bytes: number | null; readonly photos: number | null };
  readonly auditDays: number;
  readonly storage: StorageConfig;
  /** What derivatives of storage elsewhere may take of this disk. */
  readonly cacheBytes: number;
  /** Memory for thumbnails, and as much for large blobs. */
  readonly memoryCacheBytes: number;
  readonly imagingProcesses: number | undefined;
  readonly studio: StudioConfig & { readonly maxBatch: number; readonly maxAttempts: number };
  readonly smtp:
    | {
        readonly host: string;
        readonly port: number;
        readonly user: string | undefined;
        readonly password: string | undefined;
        readonly from: string;
      }
    | undefined;
  readonly legacy: { readonly systems: readonly LegacyName[]; readonly corsOrigins: readonly string[] | '*' };
  readonly metricsToken: string | undefined;
  readonly logLevel: Values['LOG_LEVEL'];
  readonly logFormat: Values['LOG_FORMAT'];
}

/** A wrong value in the environment or `.env`; the message says which key and why. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** True for the addresses that only this machine can reach. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);

function parseKeys(environment: Record<string, string | undefined>): Values {
  const values: Record<string, unknown> = {};
  for (const [name, { schema, default: fallback }] of Object.entries(configKeys)) {
    // An empty value is how a .env file switches a key off, so it counts as absent.
    const raw = environment[name] || fallback;
    if (raw === undefined) continue;
    const result = schema.safeParse(raw);
    if (!result.success) {
      const shown = /PASSWORD|TOKEN|DATABASE_URL|SECRET|API_KEY|_AUTH/.test(name) ? 'its value' : `"${raw}"`;
      throw new ConfigError(`${name}: ${shown} ${result.error.issues[0]?.message ?? 'is not valid'}.`);
    }
    values[name] = result.data;
  }
  return values as Values;
}

/**
 * Turns an environment into the product's configuration.
 * @throws ConfigError whose one sentence names the key that is wrong and what it takes
 */
export function parseConfig(environment: Record<string, string | undefined>): Config {
  const values = parseKeys(environment);
  const refuse = (message: string): never => {
    throw new ConfigError(message);
  };
  if (values.TINTYPE_MODE === 'single' && !isLoopback(values.HOST)) {
    refuse(`TINTYPE_MODE: "single" has no sign-in, so HOST must be a loopback address, not "${values.HOST}".`);
  }
  if (!values.TINTYPE_ADMIN_USERNAME !== !values.TINTYPE_ADMIN_PASSWORD) {
    refuse('TINTYPE_ADMIN_USERNAME and TINTYPE_ADMIN_PASSWORD go together: set both or neither.');
  }
  if (values.APP_DATABASE_URL && !values.DATABASE_URL) {
    refuse('APP_DATABASE_URL goes with DATABASE_URL: set that too, or neither.');
  }
  if (!values.INVOKEAI_EMAIL !== !values.INVOKEAI_PASSWORD) {
    refuse('INVOKEAI_EMAIL and INVOKEAI_PASSWORD go together: set both or neither.');
  }
  if (!values.RUNPOD_INVOKEAI_EMAIL !== !values.RUNPOD_INVOKEAI_PASSWORD) {
    refuse('RUNPOD_INVOKEAI_EMAIL and RUNPOD_INVOKEAI_PASSWORD go together: set both or neither.');
  }
  if (values.SMTP_HOST && !values.SMTP_FROM) refuse('SMTP_FROM must be set when SMTP_HOST is: mails need a sender.');
  return Object.freeze({
    dataDir: resolve(values.TINTYPE_DATA),
    host: values.HOST,
    port: values.PORT,
    publicUrl: values.TINTYPE_PUBLIC_URL,
    trustedProxies: values.TINTYPE_TRUSTED_PROXIES,
    databaseUrl: values.DATABASE_URL,
    appDatabaseUrl: values.APP_DATABASE_URL,
    mode: values.TINTYPE_MODE,
    registration: values.TINTYPE_REGISTRATION,
    firstAdmin:
      values.TINTYPE_ADMIN_USERNAME && values.TINTYPE_ADMIN_PASSWORD
        ? { username: values.TINTYPE_ADMIN_USERNAME, password: values.TINTYPE_ADMIN_PASSWORD }
        : undefined,
    allowedHosts: values.TINTYPE_ALLOWED_HOSTS,
    maxUploadBytes: values.MAX_UPLOAD_SIZE,
    trashDays: values.TINTYPE_TRASH_DAYS,
    quota: { bytes: values.TINTYPE_QUOTA_BYTES ?? null, photos: values.TINTYPE_QUOTA_PHOTOS ?? null },
    auditDays: values.TINTYPE_AUDIT_DAYS,
    storage: toStorage(values, refuse),
    cacheBytes: values.TINTYPE_CACHE_SIZE,
    memoryCacheBytes: values.TINTYPE_MEMORY_CACHE,
    imagingProcesses: values.TINTYPE_IMAGING_PROCESSES,
    studio: {
      invokeai: values.INVOKEAI_LOCAL_URL
        ? {
            url: values.INVOKEAI_LOCAL_URL,
            email: values.INVOKEAI_EMAIL,
            password: values.INVOKEAI_PASSWORD,
            connectMs: values.INVOKEAI_CONNECTION_TIMEOUT * 1000,
            readMs: values.INVOKEAI_READ_TIMEOUT * 1000,
          }
        : null,
      runpod: values.RUNPOD_API_KEY
        ? {
            key: values.RUNPOD_API_KEY,
            gpus: values.RUNPOD_POD_TYPE,
            image: values.RUNPOD_IMAGE,
            volume: {
              path: values.RUNPOD_VOLUME_PATH,
              size: values.RUNPOD_VOLUME_SIZE,
              networkId: values.RUNPOD_NETWORK_VOLUME,
            },
            email: values.RUNPOD_INVOKEAI_EMAIL,
            password: values.RUNPOD_INVOKEAI_PASSWORD,
            idleMs: values.RUNPOD_IDLE_TIMEOUT * 60_000,
            maxHoursADay: values.RUNPOD_MAX_HOURS,
            apiUrl: values.RUNPOD_API_URL,
            podUrl: values.RUNPOD_POD_URL,
          }
        : null,
      openai:
        values.OPENAI_API_KEY || values.OPENAI_BASE_URL
          ? {
              url: values.OPENAI_BASE_URL ?? 'https://api.openai.com/v1',
              key: values.OPENAI_API_KEY,
              models: values.OPENAI_IMAGE_MODELS,
            }
          : null,
      automatic1111: values.AUTOMATIC1111_URL
        ? { url: values.AUTOMATIC1111_URL, ...toLogin(values.AUTOMATIC1111_AUTH) }
        : null,
      hasPainter: values.TINTYPE_PAINTER === 'on',
      maxBatch: values.MAX_BATCH_SIZE,
      maxAttempts: values.RETRIEVAL_MAX_ATTEMPTS,
    },
    smtp:
      values.SMTP_HOST && values.SMTP_FROM
        ? {
            host: values.SMTP_HOST,
            port: values.SMTP_PORT,
            user: values.SMTP_USER,
            password: values.SMTP_PASSWORD,
            from: values.SMTP_FROM,
          }
        : undefined,
    // Their clients sign in; where nobody does, there is nothing for them.
    legacy: {
      systems: values.TINTYPE_MODE === 'single' ? [] : values.TINTYPE_LEGACY,
      corsOrigins: values.TINTYPE_CORS_ORIGINS as readonly string[] | '*',
    },
    metricsToken: values.TINTYPE_METRICS_TOKEN,
    logLevel: values.LOG_LEVEL,
    logFormat: values.LOG_FORMAT,
  });
}

function toLogin(text: string | undefined): { username?: string; password?: string } {
  if (text === undefined) return {};
  const colon = text.indexOf(':');
  return { username: text.slice(0, colon), password: text.slice(colon + 1) };
}

function toStorage(values: Values, refuse: (message: string) => never): StorageConfig {
  const driver = values.TINTYPE_STORAGE;
  const isR2 = values.R2_ACCOUNT_ID !== undefined;
  const publicPlace = toPublicPlace(values, refuse);
  if (driver !== 's3' && !values.S3_BUCKET && !values.R2_BUCKET_NAME) return { driver, s3: null, publicPlace };
  const because = driver === 's3' ? 'when TINTYPE_STORAGE is s3' : 'with the bucket that is named';
  const need = (name: 'S3_BUCKET' | 'S3_ACCESS_KEY_ID' | 'S3_SECRET_ACCESS_KEY', r2: keyof Values): string => {
    const [key, value] = isR2 ? [r2, values[r2]] : [name, values[name]];
    return typeof value === 'string' ? value : refuse(`${key} must be set ${because}.`);
  };
  const prefix = values.S3_PREFIX ?? '';
  return {
    driver,
    publicPlace,
    s3: {
      keys: isR2 ? 'R2' : 'S3',
      endpoint: isR2 ? `https://${values.R2_ACCOUNT_ID}.r2.cloudflarestorage.com` : (values.S3_ENDPOINT ?? null),
      region: isR2 ? 'auto' : values.S3_REGION,
      bucket: need('S3_BUCKET', 'R2_BUCKET_NAME'),
      prefix: prefix && !prefix.endsWith('/') ? `${prefix}/` : prefix,
      forcePathStyle: values.S3_PATH_STYLE ? values.S3_PATH_STYLE === 'true' : isR2 || values.S3_ENDPOINT !== undefined,
      accessKeyId: need('S3_ACCESS_KEY_ID', 'R2_ACCESS_KEY_ID'),
      secretAccessKey: need('S3_SECRET_ACCESS_KEY', 'R2_SECRET_ACCESS_KEY'),
    },
  };
}

/** Where pictures for everybody are; each mistake that can be seen without asking the server is refused here. */
function toPublicPlace(values: Values, refuse: (message: string) => never): StorageConfig['publicPlace'] {
  const isR2 = values.R2_ACCOUNT_ID !== undefined;
  const [bucketKey, urlKey, ownKey] = isR2
    ? (['R2_PUBLIC_BUCKET_NAME', 'R2_PUBLIC_DOMAIN', 'R2_BUCKET_NAME'] as const)
    : (['S3_PUBLIC_BUCKET', 'S3_PUBLIC_URL', 'S3_BUCKET'] as const);
  const others = isR2
    ? (['S3_PUBLIC_BUCKET', 'S3_PUBLIC_URL'] as const)
    : (['R2_PUBLIC_BUCKET_NAME', 'R2_PUBLIC_DOMAIN'] as const);
  const stray = others.find((name) => values[name] !== undefined);
  if (stray)
    refuse(
      `${stray} is ${isR2 ? 'not read where R2_ACCOUNT_ID is set' : 'read where R2_ACCOUNT_ID is set'}: use ${stray === others[0] ? bucketKey : urlKey}.`,
    );
  const [bucket, url] = [values[bucketKey], values[urlKey]];
  if (!bucket && !url) return null;
  if (!bucket) return refuse(`${bucketKey} must be set when ${urlKey} is: public pictures have a bucket of their own.`);
  if (!url) return refuse(`${urlKey} must be set when ${bucketKey} is: it says where everybody reads the bucket.`);
  if (values.TINTYPE_STORAGE !== 's3') {
    refuse(
      `${urlKey} goes with TINTYPE_STORAGE=s3: elsewhere this server shows public pictures itself. Take ${bucketKey} and ${urlKey} out.`,
    );
  }
  if (bucket === values[ownKey]) {
    refuse(
      `${bucketKey}: "${bucket}" is ${ownKey} as well, and private photos must not lie where everybody reads. Name another bucket.`,
    );
  }
  return { bucket, url, key: bucketKey };
}

/**
 * Reads `.env` in the current folder and the environment over it.
 * @throws ConfigError
 */
export function readConfig(environment: NodeJS.ProcessEnv = process.env, file = '.env'): Config {
  const fromFile = existsSync(file) ? parseEnv(readFileSync(file, 'utf8')) : {};
  return parseConfig({ ...fromFile, ...environment });
}
