import { Pool } from 'pg';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { toAppError } from './api.ts';
import { AppError, statusOf } from './app-error.ts';

const logger = pino({ level: 'silent' });

test('a database that cannot be reached is told as that, by whatever way it is away', async () => {
  for (const host of ['/nowhere/at/all', '127.0.0.1']) {
    const pool = new Pool({ host, port: 1, user: 'nobody', database: 'none' });
    const error = await pool.query('select 1').catch((reason: unknown) => reason);
    expect(toAppError(error, logger)).toMatchObject({ code: 'unavailable', status: 503 });
    await pool.end();
  }
  for (const code of ['57P01', '57P02', '57P03', '53300']) {
    expect(toAppError(Object.assign(new Error('x'), { code }), logger).code).toBe('unavailable');
  }
  expect(toAppError(new Error('Connection terminated unexpectedly'), logger).code).toBe('unavailable');
});

test('a full disk is told as that, of the files and of the database', () => {
  for (const code of ['ENOSPC', 'EDQUOT', '53100']) {
    expect(toAppError(Object.assign(new Error('x'), { code }), logger)).toMatchObject({ status: 507 });
  }
});

test('what took too long, or met somebody else’s change, is to be tried again', () => {
  for (const code of ['57014', '40P01', '40001']) {
    expect(toAppError(Object.assign(new Error('x'), { code }), logger)).toMatchObject({ status: 503 });
  }
});

test('what nobody foresaw tells nothing of itself', () => {
  const body = JSON.stringify(toAppError(new Error('select secret from passwords'), logger).toBody());
  expect(body).not.toContain('passwords');
  expect(toAppError('thrown text', logger).code).toBe('server_error');
});

test('every code has one status, and the envelope its three parts', () => {
  for (const [code, status] of Object.entries(statusOf)) {
    const error = new AppError(code as keyof typeof statusOf, 'Why.', { field: 'x' });
    expect([error.status, error.toBody()]).toEqual([
      status,
      { error: { code, message: 'Why.', details: { field: 'x' } } },
    ]);
  }
});
