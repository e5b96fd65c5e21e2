import { equal, ok } from 'node:assert/strict';
import { test } from 'node:test';
import { type Handshake, shakeHands } from '../../../src/deploy/iis/handshakes.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { PlannedEndpoint } from '../../../src/iis/plan/types.ts';
import type { Probe } from '../../../src/verify/probe.ts';

// A server with a thousand bindings whose handshakes time out: a renewal does not wait for hours.

const COUNT = 1000;
const MINUTE = 60_000;

const endpointOf = (address: string, host: string): PlannedEndpoint => ({
  address,
  port: 443,
  host,
  name: host,
  record: `${host}:443`,
  hashBefore: null,
  sites: ['Shop'],
  skip: null,
  rival: null,
  advisory: false,
});

const timedOut = (): EverbindError => new EverbindError('VERIFY_TIMEOUT', 'no TLS handshake in time');

/** All of them, as a renewal looks after a change. `elapsed`: milliseconds that handshakes took, 16 at a time. */
async function lookedAt(
  endpoints: readonly PlannedEndpoint[],
  probe: Probe,
): Promise<{
  readonly seen: readonly Handshake[];
  readonly elapsed: number;
  readonly asked: number;
  /** How often the host was asked what leads where, for which Windows lists every interface. */
  readonly listed: number;
}> {
  let [elapsed, asked, listed] = [0, 0, 0];
  const counted: Probe = async (target) => {
    asked += 1;
    try {
      return await probe(target);
    } catch (error) {
      elapsed += target.timeoutMs / 16;
      throw error;
    }
  };
  const host = {
    endpoints: async (address: string, port: number) => {
      listed += 1;
      return [{ address, port }];
    },
    addresses: async () => endpoints.map(({ address }) => address),
  };
  const options = {
    host,
    probe: counted,
    timeoutMs: 10_000,
    concurrency: 16,
    patience: { pauseMs: 0, timeoutMs: 30_000 },
    clock: { now: () => elapsed, sleep: async () => {} },
  };
  const seen = await shakeHands(endpoints, options, () => true);
  return { seen, elapsed, asked, listed };
}

test('many hosts of one address and port that all time out: once some have, the others get a second', async () => {
  const hosts = Array.from({ length: COUNT }, (_, index) => `shop-${index}.everbind.test`);
  const { seen, elapsed, asked, listed } = await lookedAt(
    hosts.map((host) => endpointOf('192.0.2.1', host)),
    async () => {
      throw timedOut();
    },
  );
  equal(seen.length, COUNT);
  ok(seen.every(({ seen: one }) => one.kind === 'failed' && one.code === 'VERIFY_TIMEOUT'));
  equal(listed, 1);
  ok(asked >= COUNT);
  ok(elapsed <= 4 * MINUTE, `${elapsed / MINUTE} minutes`);
});

test('a host that is served gives every other one of its address and port the whole time', async () => {
  const hosts = ['good.everbind.test', ...Array.from({ length: 99 }, (_, index) => `shop-${index}.everbind.test`)];
  const given: number[] = [];
  const { seen } = await lookedAt(
    hosts.map((host) => endpointOf('192.0.2.1', host)),
    async ({ host, timeoutMs }) => {
      given.push(timeoutMs);
      if (host !== 'good.everbind.test') throw timedOut();
      return { chain: [Uint8Array.of(1)], protocol: 'TLSv1.3' };
    },
  );
  equal(seen.filter(({ seen: one }) => one.kind === 'failed').length, 99);
  ok(Math.min(...given) === 10_000, 'none got less');
});

test('many addresses that all time out are waited for two minutes longer than once each', async () => {
  const addresses = Array.from({ length: COUNT }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
  const { elapsed, asked } = await lookedAt(
    addresses.map((address) => endpointOf(address, 'shop.everbind.test')),
    async () => {
      throw timedOut();
    },
  );
  ok(asked >= COUNT);
  ok(elapsed <= (COUNT / 16) * 10_000 + 2.5 * MINUTE, `${elapsed / MINUTE} minutes`);
});
