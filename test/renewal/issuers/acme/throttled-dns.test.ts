import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createDns01Solver } from '../../../../src/challenge/dns-01/solver.ts';
import { createKeyedMutex } from '../../../../src/concurrency/keyed-mutex.ts';
import { digitalocean } from '../../../../src/dns/providers/digitalocean.ts';
import type { HttpResponse, Transport } from '../../../../src/ports/transport.ts';
import { idleParts, txtResolver } from '../../../dns/support.ts';
import { settableClock } from '../../support/obtain-clock.ts';
import { withFolder } from '../../support/obtain-state.ts';
import { obtainSuite } from '../../support/obtain-suite.ts';
import { openEngine } from '../../support/state.ts';

const suite = obtainSuite({ alwaysValid: true });

interface HostedRecord {
  readonly id: number;
  readonly type: string;
  readonly name: string;
  readonly data: string;
}

/** The API of DigitalOcean with the zone example.com, which takes 2 writes a second and 15 a minute. */
function throttlingHost(now: () => number) {
  const records = new Map<number, HostedRecord>();
  const writes: number[] = [];
  const count = { writes: 0, refused: 0 };
  const respond = (status: number, json: unknown = null, headers: HttpResponse['headers'] = {}): HttpResponse => ({
    status,
    headers: { 'content-type': ['application/json'], ...headers },
    body: Buffer.from(JSON.stringify(json)),
  });
  const transport: Transport = async ({ method, url, body }) => {
    const { pathname, searchParams } = new URL(url);
    const id = Number(/\/records\/(\d+)$/.exec(pathname)?.[1] ?? 0);
    if (method !== 'GET') {
      const within = (ms: number): number => writes.filter((at) => at > now() - ms).length;
      if (within(1_000) >= 2 || within(60_000) >= 15) {
        count.refused += 1;
        return respond(429, null, { 'retry-after': ['1'] });
      }
      writes.push(now());
      count.writes += 1;
    }
    if (method === 'DELETE') return respond(records.delete(id) ? 204 : 404);
    if (method === 'POST') {
      const record = { ...(JSON.parse(String(body)) as Omit<HostedRecord, 'id'>), id: count.writes };
      records.set(record.id, record);
      return respond(201, { domain_record: record });
    }
    if (pathname.endsWith('/records')) {
      const found = [...records.values()].filter(({ name }) => `${name}.example.com` === searchParams.get('name'));
      return respond(200, { domain_records: found });
    }
    return pathname === '/v2/domains/example.com' ? respond(200, { domain: { name: 'example.com' } }) : respond(404);
  };
  return { records, count, transport };
}

it('a certificate with 12 names at a DNS host that throttles: one attempt, and no record is left', () =>
  withFolder(async (folder) => {
    const clock = settableClock();
    const host = throttlingHost(() => clock.now());
    const provider = digitalocean.create({ apiToken: 'token' }, { ...idleParts, clock, transport: host.transport });
    const solver = createDns01Solver({
      type: 'dns-01',
      openProvider: () => Promise.resolve(provider),
      resolver: txtResolver(async (name) =>
        [...host.records.values()].flatMap((one) => (`${one.name}.example.com` === name ? [one.data] : [])),
      ),
      port: 53,
      clock,
      limitMs: 20_000,
      publicResolvers: [],
      inTurn: createKeyedMutex(),
    });
    const opened = await openEngine(folder, suite.front.ca, { clock, ports: { solverFor: () => solver } });
    try {
      const names = Array.from({ length: 12 }, (_, index) => `n${index}.example.com`);
      const challenge = '{ type: dns-01, provider: digitalocean, settings: { apiToken: "secret:T" } }';
      await opened.apply(`[{ name: c, names: [${names.join(', ')}], deployments: [], challenge: ${challenge} }]`);
      const began = clock.now();
      const outcomes: string[] = [];
      await opened.engine.renew(
        { names: [], force: false },
        ({ kind }) => void outcomes.push(kind),
        new AbortController().signal,
      );
      console.log(
        `${JSON.stringify(host.count)}, ${Math.round((clock.now() - began) / 1_000)} s, left: ${host.records.size}`,
      );
      assert.deepEqual(outcomes, ['renewed']);
      assert.deepEqual([...host.records.values()], []);
      assert.equal(host.count.writes, 24);
      assert.ok(host.count.refused <= 60, `${host.count.refused} refused`);
    } finally {
      await opened.close();
    }
  }));
