import { type Logger, pino } from 'pino';
import type { Config } from '#config.ts';

/** Paths that may hold a secret, wherever in a log line they turn up. Bodies are never logged at all. */
const secrets = [
  'password',
  'token',
  'secret',
  'key',
  'cookie',
  'authorization',
  '*.password',
  '*.token',
  '*.secret',
  '*.cookie',
  '*.authorization',
  'err.parameters',
];

/** Readable lines in a terminal, JSON otherwise. */
export async function createLogger(config: Pick<Config, 'logLevel' | 'logFormat'>): Promise<Logger> {
  const options = { level: config.logLevel, base: null, redact: { paths: secrets, censor: '[kept out]' } };
  const pretty = config.logFormat === 'pretty' || (config.logFormat === 'auto' && process.stdout.isTTY);
  if (!pretty) return pino(options);
  const { default: prettyStream } = await import('pino-pretty');
  return pino(options, prettyStream({ ignore: 'pid,hostname', translateTime: 'SYS:HH:MM:ss', singleLine: true }));
}
