import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { exchange } from '../../src/dns/exchange.ts';
import { encodeHeader, TYPES, uint16 } from '../../src/dns/wire/message.ts';
import { encodeName } from '../../src/dns/wire/name.ts';
import { createResolver, dataOf, type Resolver } from '../../src/dns/resolver.ts';
import type { TsigAlgorithm, TsigKey } from '../../src/dns/wire/tsig.ts';
import { systemRandom } from '../../src/net/system.ts';
import { unpackWithLibraries } from '../debian-package.ts';
import { freePorts } from '../loopback.ts';
import { bindZone, startBind } from './bind.ts';
import { startKnot } from './knot.ts';
import { startPowerDns } from './powerdns.ts';
import { createProcesses } from './processes.ts';
import { startTcpOnly } from './tcp-only.ts';

/**
 * The servers, all on one port: NS records can name no other one. BIND listens at addresses that an interface has, and
 * at no others.
 */
const BIND = '127.0.0.1';
const KNOT = '127.53.0.3';
const POWERDNS = '127.53.0.4';
const TCP_ONLY = '127.53.0.5';

/** A value of somebody else, which has to survive everything. */
export const FOREIGN = 'somebody-elses-value';

/**
 * Names in this world: BIND has bind.test, closed.test (no updates), lag.test (with Knot as a secondary), tcp.test,
 * v6.test; Knot has knot.test, PowerDNS pdns.test.
 */
export interface DnsWorld {
  /** Of all servers. */
  readonly port: number;
  /** `address:port` of the resolver that the CA and the product use. */
  readonly resolver: string;
  readonly servers: Readonly<Record<'bind' | 'knot' | 'powerdns' | 'tcpOnly' | 'v6', string>>;
  readonly keys: Readonly<Record<'bind' | 'knot' | 'powerdns', TsigKey>>;
  /** Whether this machine has IPv6, at least to itself. */
  readonly ipv6: boolean;
  readonly api: { readonly endpoint: string; readonly key: string };
  /** Tells the secondary of lag.test to fetch the zone. */
  notifySecondary(): Promise<void>;
  /** TXT values that the server of a zone has. */
  valuesAt(server: string, name: string): Promise<readonly string[]>;
  stop(): Promise<void>;
}

export async function startDnsWorld(): Promise<DnsWorld> {
  const root = await unpackWithLibraries('dns-servers', ['bind9', 'knot', 'pdns-server', 'pdns-backend-sqlite3']);
  const folder = await mkdtemp(join(tmpdir(), 'everbind-dns-'));
  const [port = 0] = await freePorts(1, BIND);
  const [apiPort = 0, resolverPort = 0] = await freePorts(2);
  const ipv6 = Object.values(networkInterfaces()).some(
    (list) => list?.some(({ address }) => address === '::1') === true,
  );
  const processes = createProcesses();
  const stops: (() => Promise<void>)[] = [() => processes.stop()];
  const stop = async (): Promise<void> => {
    for (const end of stops.reverse()) await end();
    await rm(folder, { recursive: true, force: true });
  };
  const keys = {
    bind: newKey('acme-bind', 'hmac-sha256'),
    knot: newKey('acme-knot', 'hmac-sha512'),
    powerdns: newKey('acme-pdns', 'hmac-sha384'),
  };
  const apiKey = randomBytes(24).toString('hex');
  try {
    const resolver = createResolver({ random: systemRandom, servers: [`${BIND}:${resolverPort}`] });
    const ready = (address: string, name: string, at = port): Promise<void> =>
      processes.until(address, async () => {
        const { answers } = await resolver.ask({ address, port: at }, name, 'SOA', { recursive: true });
        if (answers.length === 0) throw new Error(`${address} does not have ${name} yet`);
      });
    const primary = join(folder, 'bind');
    const grant = (zone: string): string => `grant ${keys.bind.name} subdomain ${zone}. TXT;`;
    const zone = (name: string, servers: Readonly<Record<string, string>>, records: readonly string[] = []) =>
      bindZone(primary, { name, servers, records }, name === 'closed.test' ? null : grant(name));
    await startBind(processes, {
      root,
      folder: primary,
      port,
      addresses: [BIND, '::1'],
      keys: [keys.bind],
      options: ['recursion no;', 'allow-transfer { any; };'],
      zones: [
        await zone('bind.test', { ns1: BIND, ns2: '::1' }, [
          `_acme-challenge TXT "${FOREIGN}"`,
          '_acme-challenge.shop CNAME shop.acme.knot.test.',
          '_acme-challenge.loop CNAME one.loop',
          'one.loop CNAME two.loop',
          'two.loop CNAME _acme-challenge.loop',
        ]),
        await zone('closed.test', { ns1: BIND }),
        await zone('lag.test', { ns1: BIND, ns2: KNOT }),
        await zone('tcp.test', { ns1: TCP_ONLY }),
        await zone('v6.test', { ns1: '::1' }),
      ],
    });
    await ready(BIND, 'lag.test');
    await startKnot(processes, {
      root,
      folder: join(folder, 'knot'),
      port,
      address: KNOT,
      key: keys.knot,
      zone: { name: 'knot.test', servers: { ns1: KNOT } },
      secondary: { name: 'lag.test', primary: BIND },
    });
    await startPowerDns(processes, {
      root,
      folder: join(folder, 'pdns'),
      port,
      address: POWERDNS,
      apiPort,
      apiKey,
      key: keys.powerdns,
      zone: { name: 'pdns.test', servers: { ns1: POWERDNS } },
    });
    stops.push(await startTcpOnly(TCP_ONLY, port, BIND));
    const forward = (name: string, address: string): string =>
      `zone "${name}" { type forward; forward only; forwarders { ${address} port ${port}; }; };`;
    await startBind(processes, {
      root,
      folder: join(folder, 'resolver'),
      port: resolverPort,
      addresses: [BIND],
      options: ['recursion yes;', 'allow-recursion { any; };', 'max-ncache-ttl 0;', 'max-cache-ttl 1;'],
      zones: [
        'zone "." { type hint; file "/dev/null"; };',
        ...['bind.test', 'closed.test', 'lag.test', 'tcp.test', 'v6.test'].map((name) => forward(name, BIND)),
        forward('knot.test', KNOT),
        forward('pdns.test', POWERDNS),
      ],
    });
    await Promise.all([
      ...['bind.test', 'closed.test', 'lag.test', 'tcp.test', 'v6.test'].map((name) => ready(BIND, name)),
      ...(ipv6 ? [ready('::1', 'v6.test')] : []),
      ready(KNOT, 'lag.test'),
      ready(KNOT, 'knot.test'),
      ready(POWERDNS, 'pdns.test'),
      ...['bind.test', 'knot.test', 'pdns.test'].map((name) => ready(BIND, name, resolverPort)),
      processes.until('the API of PowerDNS', () => fetch(`http://127.0.0.1:${apiPort}/api`)),
    ]);
    return {
      port,
      resolver: `${BIND}:${resolverPort}`,
      servers: {
        bind: `${BIND}:${port}`,
        knot: `${KNOT}:${port}`,
        powerdns: `${POWERDNS}:${port}`,
        tcpOnly: `${TCP_ONLY}:${port}`,
        v6: `[::1]:${port}`,
      },
      keys,
      ipv6,
      api: { endpoint: `http://127.0.0.1:${apiPort}`, key: apiKey },
      notifySecondary: () => notify('lag.test', { address: KNOT, port }),
      valuesAt: (server, name) => valuesAt(resolver, server, name, port),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function newKey(name: string, algorithm: TsigAlgorithm): TsigKey {
  return { name, algorithm, secret: randomBytes(32) };
}

/** RFC 1996: opcode NOTIFY, authoritative. */
async function notify(zone: string, server: { readonly address: string; readonly port: number }): Promise<void> {
  const message = Buffer.concat([
    encodeHeader(1, (4 << 11) | 0x0400, [1, 0, 0, 0]),
    encodeName(zone),
    uint16(TYPES.SOA),
    uint16(1),
  ]);
  await exchange(server, message, 'udp');
}

async function valuesAt(resolver: Resolver, server: string, name: string, port: number): Promise<readonly string[]> {
  const address = server.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  const { answers } = await resolver.ask({ address, port }, name, 'TXT', { recursive: false });
  return dataOf(answers, 'TXT').map(({ text }) => text);
}
