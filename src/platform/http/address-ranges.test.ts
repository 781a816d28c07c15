import { expect, it } from 'vitest';
import { reachOf } from './address-ranges.ts';

it.each([
  [
    'never',
    [
      '169.254.169.254',
      '0.0.0.0',
      '224.0.0.1',
      '255.255.255.255',
      '100.100.100.200',
      'fe80::1',
      'fd00:ec2::254',
      'ff02::1',
      '::',
    ],
  ],
  ['inside', ['127.0.0.1', '10.1.2.3', '172.31.0.1', '192.168.1.1', '100.64.0.1', '::1', 'fd12:3456::1']],
  ['public', ['1.1.1.1', '172.32.0.1', '100.128.0.1', '2606:4700::1111']],
  // What is written as IPv6 and is not.
  [
    'never',
    [
      '::ffff:169.254.169.254',
      '::ffff:a9fe:a9fe',
      '64:ff9b::169.254.169.254',
      '2002:a9fe:a9fe::1',
      '::169.254.169.254',
    ],
  ],
  ['inside', ['::ffff:127.0.0.1', '64:ff9b::a00:1', '2002:7f00:1::']],
  ['public', ['::ffff:8.8.8.8']],
  ['never', ['', 'localhost', '127.1', '1.2.3.4.5']],
])('%s: %s', (reach, addresses) => {
  expect(addresses.map((address) => [address, reachOf(address)])).toEqual(addresses.map((address) => [address, reach]));
});
