import { expect, test } from 'vitest';
import { createAddressReader } from './client-address.ts';

const connection = (remoteAddress: string, headers: Record<string, string> = {}, encrypted = false) => ({
  remoteAddress,
  encrypted,
  header: (name: string) => headers[name],
});

test('without trusted proxies the peer is the client, whatever headers say', () => {
  const read = createAddressReader([]);
  const seen = read(connection('203.0.113.9', { 'x-forwarded-for': '10.0.0.1', 'x-forwarded-proto': 'https' }));
  expect(seen).toEqual({ ip: '203.0.113.9', network: '203.0.113.9', secure: false, forwarded: true });
});

test('behind trusted proxies the last hop that is none of them is the client', () => {
  const read = createAddressReader(['127.0.0.1', '10.0.0.0/8', '::1']);
  const seen = (chain: string) =>
    read(connection('127.0.0.1', { 'x-forwarded-for': chain, 'x-forwarded-proto': 'https' }));
  expect(seen('203.0.113.9')).toMatchObject({ ip: '203.0.113.9', secure: true });
  expect(seen('1.2.3.4, 203.0.113.9, 10.1.2.3')).toMatchObject({ ip: '203.0.113.9' });
  expect(seen('not an address')).toMatchObject({ ip: '127.0.0.1' });
  expect(read(connection('::ffff:127.0.0.1', { 'x-forwarded-for': '203.0.113.9' }))).toMatchObject({
    ip: '203.0.113.9',
  });
});

test('what a client wrote before the proxy’s own hop is never believed, however the proxy writes that', () => {
  const read = createAddressReader(['127.0.0.1', '10.0.0.0/8']);
  const seen = (chain: string) => read(connection('127.0.0.1', { 'x-forwarded-for': chain })).ip;
  expect(seen('6.6.6.6, 203.0.113.9:4711')).toBe('203.0.113.9');
  expect(seen('6.6.6.6, [2001:db8::1]:4711, 10.0.0.1:80')).toBe('2001:db8::1');
  expect(seen('6.6.6.6, [2001:db8::1]')).toBe('2001:db8::1');
  for (const hop of ['unknown', '_hidden', '', '203.0.113.9:x', '203.0.113', '::1::']) {
    expect(seen(`6.6.6.6, ${hop}`), hop).toBe('127.0.0.1');
    expect(seen(`6.6.6.6, ${hop}, 10.0.0.1`), hop).toBe('127.0.0.1');
  }
});

test('IPv6 counts by /64', () => {
  const read = createAddressReader([]);
  const network = (ip: string) => read(connection(ip)).network;
  expect(network('2001:db8:1:2:3:4:5:6')).toBe('2001:db8:1:2::/64');
  expect(network('2001:db8:1:2::9')).toBe(network('2001:0db8:0001:0002:ffff::'));
  expect(network('2001:db8::1')).toBe('2001:db8:0:0::/64');
  expect(network('2001:db8:1:3::9')).not.toBe(network('2001:db8:1:2::9'));
  expect(network('fe80::1%eth0')).toBe('fe80:0:0:0::/64');
  expect(network('::1')).toBe('0:0:0:0::/64');
});
