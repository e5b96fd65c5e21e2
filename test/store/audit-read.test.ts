import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkContinuation } from '../../src/audit/continuation.ts';
import { decodeEvent } from '../../src/audit/event.ts';
import { checkProof } from '../../src/audit/proof.ts';
import {
  newestCheckpoint,
  proveContinuation,
  proveEvent,
  readEvents,
  verifyStoredLog,
} from '../../src/store/audit-read.ts';
import type { Store } from '../../src/store/store.ts';
import { log, testSigner, verifierOf, withFolder } from './support.ts';

const signer = testSigner();
const verifier = verifierOf(signer);

async function withLog(work: (store: Store, reader: Store) => Promise<void> | void): Promise<void> {
  await withFolder(async ({ open }) => {
    const store = open();
    store.signWith(signer);
    for (const [type, subject] of [
      ['order.created', 'shop'],
      ['order.ready', 'shop'],
      ['orderly', 'blog'],
      ['order.created', 'blog'],
    ] as const) {
      await store.commit(({ audit }) => audit({ type, subject, data: { at: 1 } }));
    }
    await work(store, open({ readOnly: true }));
  });
}

describe('reading the log', () => {
  it('filters by number, subject, type and kind of type, and keeps the order', async () => {
    await withLog((_, reader) => {
      const numbers = (filter: Parameters<typeof readEvents>[1]): unknown[] =>
        readEvents(reader, filter).map((text) => decodeEvent(text)?.seq);
      assert.deepEqual(numbers({}), [0, 1, 2, 3]);
      assert.deepEqual(numbers({ last: 2 }), [2, 3]);
      assert.deepEqual(numbers({ from: 1, last: 2 }), [2, 3]);
      assert.deepEqual(numbers({ subject: 'blog' }), [2, 3]);
      assert.deepEqual(numbers({ type: 'order.created' }), [0, 3]);
      assert.deepEqual(numbers({ type: 'order.' }), [0, 1, 3]);
      assert.deepEqual(numbers({ type: 'order' }), [0, 1, 3]);
      assert.deepEqual(numbers({ type: 'order.c' }), []);
      assert.deepEqual(numbers({ type: 'orderly' }), [2]);
      const times = readEvents(reader).map((text) => decodeEvent(text)?.time ?? 0);
      assert.deepEqual(numbers({ since: times[0] ?? 0 }), [0, 1, 2, 3]);
      assert.deepEqual(numbers({ since: times[3] ?? 0, type: 'order' }).at(-1), 3);
      assert.deepEqual(numbers({ since: (times[3] ?? 0) + 1 }), []);
      assert.deepEqual(numbers({ type: 'order.', subject: 'shop', last: 1 }), [1]);
      assert.deepEqual(numbers({ last: 0 }), []);
    });
  });

  it('is not stopped by an event that is no JSON any more', async () => {
    await withFolder(async ({ open, tamper }) => {
      const store = open();
      store.signWith(signer);
      await log(store, 'one');
      await log(store, 'two');
      tamper((db) => db.exec("DROP TRIGGER audit_event_stays; UPDATE audit_event SET event = 'x' WHERE seq = 0"));
      assert.equal(readEvents(store).length, 2);
      assert.equal(readEvents(store, { subject: 'test', type: 't' }).length, 0);
      assert.equal(readEvents(store, { subject: 'test' }).length, 1);
    });
  });
});

describe('proofs from the stored log', () => {
  it('hold without it, also after it has grown', async () => {
    await withLog(async (store, reader) => {
      const proof = proveEvent(reader, 2, verifier);
      const saved = newestCheckpoint(reader) ?? '';
      await log(store, 'more');
      assert.deepEqual(checkProof(JSON.parse(JSON.stringify(proof)), verifier).event.type, 'orderly');
      assert.equal(checkContinuation(proveContinuation(reader, saved, verifier), saved, verifier).size, 5);
      assert.equal(proveEvent(reader, 4, verifier).index, 4);
    });
  });

  it('are for events that there are', async () => {
    await withLog((_, reader) => {
      for (const index of [4, -1, 0.5, Number.NaN, 2 ** 60]) {
        assert.throws(() => proveEvent(reader, index, verifier), { code: 'AUDIT_NO_SUCH_EVENT' });
      }
    });
    await withFolder(async ({ open }) => {
      const store = open();
      assert.equal(newestCheckpoint(store), null);
      assert.throws(() => proveEvent(store, 0, verifier), { code: 'AUDIT_NO_SUCH_EVENT' });
      assert.throws(() => proveContinuation(store, '', verifier), { code: 'AUDIT_NO_SUCH_EVENT' });
      assert.deepEqual(verifyStoredLog(store, verifier).findings, []);
    });
  });
});

describe('verifying', () => {
  it('goes on beside a writer, without false alarms', async () => {
    await withLog(async (store, reader) => {
      let running = true;
      let checks = 0;
      let count = 0;
      const writer = (async () => {
        for (; count < 60 || checks <= 3; count += 1)
          await Promise.all([log(store, 'a', count), log(store, 'b', count)]);
        running = false;
      })();
      while (running) {
        assert.deepEqual(verifyStoredLog(reader, verifier).findings, []);
        checks += 1;
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await writer;
      assert.equal(verifyStoredLog(reader, verifier).size, 4 + 2 * count);
    });
  });
});
