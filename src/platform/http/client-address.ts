import { BlockList, isIP } from 'node:net';

/** What the connection tells of the one who calls, after trusted proxies were asked. */
export interface ClientAddress {
  readonly ip: string;
  /** What rate limits count by: an IPv4 address, or the /64 of an IPv6 one, which a single household commonly has. */
  readonly network: string;
  /** True when the person's own connection is https. */
  readonly secure: boolean;
  /** True when a proxy's headers came along, believed or not. */
  readonly forwarded: boolean;
}

export interface ConnectionFacts {
  readonly remoteAddress: string | undefined;
  readonly encrypted: boolean;
  header(name: string): string | undefined;
}

/** @param trusted addresses or networks (`10.0.0.0/8`) whose X-Forwarded headers are believed */
export function createAddressReader(trusted: readonly string[]): (connection: ConnectionFacts) => ClientAddress {
  const list = new BlockList();
  for (const entry of trusted) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  const isTrusted = (ip: string): boolean => isIP(ip) !== 0 && list.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');

  return (connection) => {
    const peer = plain(connection.remoteAddress ?? '');
    const chain = connection.header('x-forwarded-for');
    const forwarded =
      chain !== undefined ||
      connection.header('forwarded') !== undefined ||
      connection.header('x-forwarded-host') !== undefined ||
      connection.header('x-forwarded-proto') !== undefined ||
      connection.header('x-real-ip') !== undefined;
    if (!isTrusted(peer)) return { ip: peer, network: networkOf(peer), secure: connection.encrypted, forwarded };
    // The last hop that is no proxy of ours is the caller; what stands before it, anybody may have written. So a hop that is no
    // address ends the search: looked past, it would have the next one believed.
    const hops = (chain ?? '').split(',').map((hop) => plain(withoutPort(hop.trim())));
    const last = hops.findLast((hop) => !isTrusted(hop)) ?? '';
    const ip = isIP(last) !== 0 ? last : peer;
    const proto = connection.header('x-forwarded-proto')?.split(',').at(-1)?.trim();
    return { ip, network: networkOf(ip), secure: proto ? proto === 'https' : connection.encrypted, forwarded };
  };
}

/** Some proxies name the port as well: `203.0.113.9:4711`, `[2001:db8::1]:4711`. */
const withoutPort = (hop: string): string =>
  /^\[(.*)\](?::\d+)?$/.exec(hop)?.[1] ?? hop.replace(/^([\d.]+):\d+$/, '$1');

/** IPv4 in IPv6 clothes (`::ffff:10.0.0.1`) is the IPv4 address. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '');

function networkOf(ip: string): string {
  if (isIP(ip) !== 6) return ip;
  const [head = '', tail = ''] = ip.split('::');
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const zeros = ip.includes('::') ? Array(8 - left.length - right.length).fill('0') : [];
  const groups = [...left, ...zeros, ...right].slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}
