import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../src/ports/clock.ts';
import type { SslRecord, StoreName, WindowsHost } from '../../src/ports/windows-host.ts';
import type { ResultFile } from '../../src/selftest/result-file.ts';
import { failedSteps, type SelfTestWorld, startSelfTestWorld, stepOf } from './world.ts';

let world: SelfTestWorld;
let untouched: string;

before(async () => {
  // Waits for sites are for another test: there are many runs here.
  world = await startSelfTestWorld({ startDelayMs: 0 });
  untouched = await world.traces();
});
after(() => world.stop());
afterEach(async () => {
  await world.sim.faults.clear();
  assert.equal(await world.traces(), untouched);
});

/** What is left behind is removed by the next self-test, on a host that is sound again. */
async function heal(): Promise<void> {
  assert.notEqual(await world.traces(), untouched);
  const { status } = await world.selftest(['--algorithm', 'ec-p256']);
  assert.equal(status, 0);
}

/** The first free one of these is that of the name; another program of this machine may have some. */
const PORTS = Array.from({ length: 50 }, (_, index) => 40_000 + index);

type Certificates = WindowsHost['certificates'];
type Records = WindowsHost['sslRecords'];

/** A self-test on a host that does some calls differently. It must not pass. */
async function sabotaged(
  change: {
    readonly certificates?: Partial<Certificates>;
    readonly records?: Partial<Records>;
    readonly keys?: Partial<WindowsHost['keys']>;
    readonly httpServer?: WindowsHost['httpServer'];
  },
  clock?: Clock,
): Promise<ResultFile> {
  const { host } = world.sim;
  const { status, result } = await world.selftest(
    ['--algorithm', 'ec-p256'],
    {
      ...host,
      certificates: { ...host.certificates, ...change.certificates },
      sslRecords: { ...host.sslRecords, ...change.records },
      keys: { ...host.keys, ...change.keys },
      httpServer: change.httpServer ?? host.httpServer,
    },
    clock,
  );
  assert.equal(status, 1);
  assert.deepEqual(result.summary.blocking, failedSteps(result));
  return result;
}

/** The same call, but the n-th time (from 1) something else. */
function nth<P extends readonly unknown[], R>(
  which: number,
  instead: (...parameters: P) => Promise<R>,
  usual: (...parameters: P) => Promise<R>,
): (...parameters: P) => Promise<R> {
  let count = 0;
  return (...parameters) => {
    count += 1;
    return (count === which ? instead : usual)(...parameters);
  };
}

async function nothing(..._parameters: readonly unknown[]): Promise<void> {}

/** A clock that runs so many times as fast as this machine's. */
function fastClock(factor: number): Clock {
  const began = Date.now();
  return {
    now: () => began + (Date.now() - began) * factor,
    sleep: (ms) => sleep(ms / factor),
  };
}

describe('the self-test finds', () => {
  it('a server that serves another certificate', async () => {
    for (const port of PORTS) {
      await world.sim.faults.add({ kind: 'serve', host: null, port, how: 'wrong-certificate' });
    }
    const result = await sabotaged({});
    assert.equal(failedSteps(result)[0], 'name: shake hands');
    assert.ok(result.handshakes.some(({ leaf }) => leaf !== null));
  });

  it('a record that sticks', async () => {
    for (const port of PORTS) {
      const key = { kind: 'hostnameport', host: 'selftest.everbind.invalid', port } as const;
      await world.sim.faults.add({ kind: 'record-sticks', key });
    }
    const result = await sabotaged({});
    assert.deepEqual(failedSteps(result), ['name: bind it']);
    assert.equal(stepOf(result, 'name: bind it').code, 'IIS_RECORD_DID_NOT_TAKE');
  });

  it('a record that sticks when it is switched', async () => {
    const { update } = world.sim.host.sslRecords;
    const result = await sabotaged({ records: { update: nth(1, nothing, update) } });
    assert.deepEqual(failedSteps(result), ['name: switch the record']);
  });

  it('a roll-back that does not take', async () => {
    const { update } = world.sim.host.sslRecords;
    const result = await sabotaged({ records: { update: nth(2, nothing, update) } });
    assert.deepEqual(failedSteps(result), ['name: roll back']);
    assert.equal(stepOf(result, 'name: roll back').code, 'IIS_RESTORE_FAILED');
  });

  it('a roll-back that Windows refuses, with its status', async () => {
    await world.sim.faults.add({ kind: 'fail', call: 'sslRecords.update', status: 5, nth: 2, times: 1 });
    const result = await sabotaged({});
    const { outcome, calls } = stepOf(result, 'name: roll back');
    assert.equal(outcome, 'failed');
    assert.deepEqual(
      calls.filter(({ name }) => name === 'sslRecords.update').map(({ status }) => status),
      [5],
    );
  });

  it('a record that keeps the store of the certificate before', async () => {
    const { update } = world.sim.host.sslRecords;
    let store: string | null = null;
    const result = await sabotaged({
      records: {
        update: async (record) => {
          store ??= record.certificateStore;
          await update({ ...record, certificateStore: store });
        },
      },
    });
    assert.deepEqual(failedSteps(result), ['another store: renew and shake hands']);
  });

  it('a certificate that is not served although its record reads back right', async () => {
    const { update, query } = world.sim.host.sslRecords;
    let shown: SslRecord | null = null;
    const result = await sabotaged(
      {
        records: {
          update: nth(
            1,
            async (record) => {
              shown = record;
            },
            update,
          ),
          query: async (key) => (shown !== null && isDeepStrictEqual(key, shown.key) ? shown : query(key)),
        },
      },
      fastClock(60),
    );
    assert.equal(failedSteps(result)[0], 'name: switch the record');
    assert.match(
      stepOf(result, 'name: switch the record').message,
      /^30 s after the change [0-9a-f]{40} is not served$/,
    );
  });

  it('another field of the record that changes with the certificate', async () => {
    const { update, query } = world.sim.host.sslRecords;
    // The change reads its record back once.
    let queries = Number.NEGATIVE_INFINITY;
    const result = await sabotaged({
      records: {
        update: nth(
          1,
          async (record) => {
            await update(record);
            queries = 0;
          },
          update,
        ),
        query: async (key) => {
          queries += 1;
          const record = await query(key);
          return record !== null && queries === 2 ? { ...record, flags: record.flags | 0x2000 } : record;
        },
      },
    });
    assert.deepEqual(failedSteps(result), ['name: every other field of the record is kept']);
  });

  it('handshakes that fail for more than a second while the record is switched, not for less', async () => {
    const { update, remove, set } = world.sim.host.sslRecords;
    const replaceSlowly =
      (ms: number) =>
      async (record: SslRecord): Promise<void> => {
        await remove(record.key);
        await sleep(ms);
        await set(record);
      };
    const result = await sabotaged({ records: { update: nth(1, replaceSlowly(1_200), update) } });
    assert.deepEqual(failedSteps(result), ['name: switch the record']);
    assert.match(stepOf(result, 'name: switch the record').message, /^handshakes failed for 1\d\d\d ms/);

    const { host } = world.sim;
    const short = { ...host, sslRecords: { ...host.sslRecords, update: nth(1, replaceSlowly(100), update) } };
    const passed = await world.selftest(['--algorithm', 'ec-p256'], short);
    assert.equal(passed.status, 0);
    assert.match(stepOf(passed.result, 'name: switch the record').message, /handshakes failed for \d+ ms;/);
  });

  it('an intermediate that does not reach the store', async () => {
    const result = await sabotaged({ certificates: { add: nothing } });
    assert.deepEqual(failedSteps(result), ['name: what is sent of the chain']);
  });

  it('an intermediate that stays behind', async () => {
    const { remove } = world.sim.host.certificates;
    const result = await sabotaged({
      certificates: { remove: async (store, thumbprint) => (store === 'CA' ? undefined : remove(store, thumbprint)) },
    });
    assert.deepEqual(failedSteps(result), ['nothing is left']);
    assert.match(result.leftovers.join(), /^certificate [0-9a-f]{40} in CA$/);
    assert.match(result.snapshots?.diff.join() ?? '', /^\+ certificate CA name#[0-9a-f]{12} false$/);
    await heal();
  });

  it('a root that gets into Root', async () => {
    const { add } = world.sim.host.certificates;
    const result = await sabotaged({
      certificates: {
        add: async (store: StoreName, der) => {
          await add(store, der);
          await add('Root', der);
        },
      },
    });
    assert.deepEqual(failedSteps(result), ['nothing is left']);
    assert.match(result.leftovers.join(), /^certificate [0-9a-f]{40} in Root$/);
    const { list, remove } = world.sim.host.certificates;
    for (const { thumbprint } of await list('Root')) await remove('Root', thumbprint);
  });

  it('a key that stays behind although its provider reports success', async () => {
    const result = await sabotaged({ keys: { remove: nothing } });
    assert.deepEqual(failedSteps(result), ['nothing is left']);
    assert.deepEqual(result.leftovers, ['key selftest-ec-p256', 'key selftest-renewal']);
    await heal();
  });

  it('an imported certificate that cannot be removed', async () => {
    const { remove } = world.sim.host.certificates;
    const result = await sabotaged({ certificates: { remove: nth(1, nothing, remove) } });
    assert.deepEqual(failedSteps(result), ['imported RSA key: remove']);
  });

  it('an import that stores no key', async () => {
    const { add } = world.sim.host.certificates;
    const result = await sabotaged({ certificates: { importWithKey: (store, der) => add(store, der) } });
    assert.deepEqual(
      failedSteps(result),
      ['RSA', 'EC'].map((type) => `imported ${type} key: renew and shake hands`),
    );
    assert.equal(stepOf(result, 'imported EC key: renew and shake hands').code, 'IIS_CERTIFICATE_NOT_STORED');
  });

  it('an HTTP response that stays', async () => {
    const ends: (() => Promise<void>)[] = [];
    const result = await sabotaged({
      httpServer: {
        serve: async (prefix, respond) => {
          ends.push(await world.sim.host.httpServer.serve(prefix, respond));
          return nothing;
        },
      },
    });
    for (const end of ends) await end();
    assert.deepEqual(failedSteps(result), ['the HTTP response is gone']);
  });

  it('nothing wrong where the intermediate is not sent: that is said, not judged', async () => {
    for (const port of PORTS) await world.sim.faults.add({ kind: 'serve', host: null, port, how: 'leaf-only' });
    const { status, result } = await world.selftest(['--algorithm', 'ec-p256']);
    assert.equal(status, 0);
    assert.equal(
      stepOf(result, 'name: what is sent of the chain').message,
      'sent with TLSv1.2: leaf; with TLSv1.3: leaf',
    );
  });
});
