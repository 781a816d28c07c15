import { BlockList, isIPv4, isIPv6 } from 'node:net';

const blockList = (...subnets: [address: string, prefix: number][]): BlockList => {
  const list = new BlockList();
  for (const [address, prefix] of subnets) list.addSubnet(address, prefix, isIPv4(address) ? 'ipv4' : 'ipv6');
  return list;
};

/** Nobody's server: link-local addresses, among them those where a cloud hands out its keys, and what is no one host's. */
const never = blockList(
  ['0.0.0.0', 8],
  ['169.254.0.0', 16],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
  // Alibaba's and Amazon's own, which are not link-local.
  ['100.100.100.200', 32],
  ['fd00:ec2::', 32],
  ['::', 128],
  ['fe80::', 10],
  ['ff00::', 8],
);

/** Within a network of one's own (RFC 1918, 4193, 6598) or within this machine. */
const inside = blockList(
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['::1', 128],
  ['fc00::', 7],
  ['fec0::', 10],
);

/** How far away an address is: `never` is none that anything may be sent to. */
export type Reach = 'never' | 'inside' | 'public';

/** @param address an IPv4 or IPv6 address without a zone */
export function reachOf(address: string): Reach {
  const within = embeddedIPv4(address);
  if (within) return reachOf(within);
  if (!isIPv4(address) && !isIPv6(address)) return 'never';
  const family = isIPv4(address) ? 'ipv4' : 'ipv6';
  if (never.check(address, family)) return 'never';
  return inside.check(address, family) ? 'inside' : 'public';
}

/**
 * The IPv4 address that an IPv6 one stands for: mapped (RFC 4291, 2.5.5), compatible, of NAT64 (RFC 6052) or of 6to4 (RFC 3056). A list of
 * IPv4 networks is got round by any of them.
 */
function embeddedIPv4(address: string): string | null {
  if (!isIPv6(address)) return null;
  const groups = groupsOf(address);
  const from = (at: number) => groups.slice(at, at + 2).flatMap((group) => [group >> 8, group & 0xff]);
  const leads = (...prefix: number[]) => prefix.every((group, at) => groups[at] === group);
  if (leads(0, 0, 0, 0, 0, 0xffff)) return from(6).join('.');
  if (leads(0, 0, 0, 0, 0, 0) && (groups[6] ?? 0) > 0) return from(6).join('.');
  if (leads(0x64, 0xff9b)) return from(6).join('.');
  if (leads(0x2002)) return from(1).join('.');
  return null;
}

function groupsOf(address: string): number[] {
  // The URL parser writes an address out as RFC 5952 has it: dots become groups.
  const [left = '', right] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const parse = (part: string) => (part ? part.split(':').map((group) => Number.parseInt(group, 16)) : []);
  const [head, tail] = [parse(left), parse(right ?? '')];
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}
