import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { connect } from 'node:tls';
import fc from 'fast-check';
import { createFaultPlan } from '../../lab/fault-proxy/fault-plan.ts';
import { FAULTS } from '../../lab/fault-proxy/fault-table.ts';
import { type FaultProxy, startFaultProxy } from '../../lab/fault-proxy/proxy.ts';
import { requestKind, type RequestKind } from '../../lab/fault-proxy/request-kind.ts';
import { type Upstream, upstreamOf } from '../../lab/fault-proxy/upstream.ts';
import { type Pebble, startPebble } from '../../lab/pebble/server.ts';
import { type AcmeClient, createAcmeClient } from '../../src/acme/client.ts';
import { parseHttpDate } from '../../src/acme/messages/retry-after.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import { createTransport } from '../../src/net/transport.ts';
import { buildCsr } from '../../src/pki/x509/csr.ts';
import type { HttpResponse, Transport } from '../../src/ports/transport.ts';
import { newSigner } from '../acme/jose/signers.ts';
import { answerTo } from '../acme/support.ts';

// Each fault of the table, as a client sees it.

let pebble: Pebble;
let upstream: Upstream;
before(async () => {
  pebble = await startPebble({ alwaysValid: true });
  upstream = upstreamOf(pebble);
});
after(async () => {
  upstream.close();
  await pebble.stop();
});

interface Spoilt {
  readonly proxy: FaultProxy;
  /** How often the fault happened. */
  happened(): number;
  readonly transport: Transport;
  client(signer?: ReturnType<typeof newSigner>): AcmeClient;
}

/** A proxy whose first exchange of this kind meets the fault, and no other; with `after`, the one after so many. */
async function spoiling(
  name: string,
  on: RequestKind,
  work: (spoilt: Spoilt) => Promise<void>,
  { skip = 0, clockAheadMs = () => 0 }: { readonly skip?: number; readonly clockAheadMs?: () => number } = {},
): Promise<void> {
  const named = FAULTS.find((fault) => fault.name === name);
  assert.ok(named !== undefined, name);
  const plan = createFaultPlan({ seed: 1, rate: 1, limit: 1, faults: [{ ...named, on: [on] }] });
  let skipped = 0;
  const proxy = await startFaultProxy({
    upstream,
    plan: { ...plan, next: (kind) => (kind === on && (skipped += 1) <= skip ? null : plan.next(kind)) },
    clockAheadMs,
  });
  const transport = createTransport({ roots: [proxy.caPem], proxy: null });
  try {
    await work({
      proxy,
      transport,
      happened: () => plan.counts().get(name) ?? 0,
      client: (signer = newSigner()) =>
        createAcmeClient({
          directoryUrl: proxy.directoryUrl,
          transport,
          clock: systemClock,
          random: systemRandom,
          userAgent: 'everbind-test',
          signer,
        }),
    });
  } finally {
    transport.close();
    await proxy.stop();
  }
}

/** All that comes over a connection of its own, until it ends. */
function rawGet({ directoryUrl, caPem }: FaultProxy): Promise<string> {
  const { port } = new URL(directoryUrl);
  return new Promise((resolve) => {
    let text = '';
    const socket = connect({ host: '127.0.0.1', port: Number(port), ca: caPem }, () => {
      socket.write(`GET /dir HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nuser-agent: test\r\nconnection: close\r\n\r\n`);
    });
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(text));
  });
}

const get = (transport: Transport, url: string, maxBytes = 4_000_000): Promise<HttpResponse> =>
  transport({ method: 'GET', url, headers: { 'user-agent': 'test' }, maxBytes, timeoutMs: 30_000 });

const identifiers = [{ type: 'dns', value: 'proxy.test' }] as const;

async function withAccount(client: AcmeClient): Promise<AcmeClient> {
  await client.newAccount({ termsOfServiceAgreed: true });
  return client;
}

describe('cut', () => {
  const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);
  for (const [at, check] of Object.entries({
    request: (text: string) => text === '',
    response: (text: string) => text === '',
    'status-line': (text: string) => /^HTTP\/1\.1 \d+$/.test(text.trimEnd()),
    headers: (text: string) => /^HTTP\/1\.1 200 \w+\r\n.+/s.test(text) && !text.includes('\r\n\r\n'),
    body: (text: string) => {
      const length = Number(/content-length: (\d+)/.exec(text)?.[1]);
      return bodyOf(text).length > 0 && bodyOf(text).length < length;
    },
    end: (text: string) =>
      /transfer-encoding: chunked/.test(text) && /\}\s*\r\n$/.test(text) && !text.includes('\r\n0\r\n'),
  })) {
    it(at, () =>
      spoiling(`cut ${at}`, 'directory', async ({ proxy, happened, transport }) => {
        const text = await rawGet(proxy);
        assert.ok(check(text), JSON.stringify(text));
        assert.equal(happened(), 1);
        assert.equal(proxy.passed.length, at === 'request' ? 0 : 1);
        assert.equal((await get(transport, proxy.directoryUrl)).status, 200);
      }),
    );
  }
});

describe('refused', () => {
  const refusals = FAULTS.flatMap(({ name, fault }) => (fault.kind === 'refusal' ? [{ name, fault }] : []));
  for (const { name, fault } of refusals) {
    it(name, () =>
      spoiling(name, 'directory', async ({ proxy, transport }) => {
        const { status, headers } = await get(transport, proxy.directoryUrl);
        assert.equal(status, fault.status);
        const [wait] = headers['retry-after'] ?? [];
        if (fault.retryAfter === null) assert.equal(wait, undefined);
        else if (fault.retryAfter.form === 'seconds') assert.equal(wait, String(fault.retryAfter.seconds));
        else {
          const date = parseHttpDate(headers['date']?.[0] ?? '');
          assert.equal((parseHttpDate(wait ?? '') ?? 0) - (date ?? 0), fault.retryAfter.seconds * 1000);
        }
        assert.equal(proxy.passed.length, 0);
      }),
    );
  }
});

describe('responses', () => {
  it('come late, and whole', () =>
    spoiling('latency', 'directory', async ({ proxy, transport, happened }) => {
      assert.equal((await get(transport, proxy.directoryUrl)).status, 200);
      assert.equal(happened(), 1);
    }));

  it('end in the middle of their JSON', () =>
    spoiling('truncated body', 'directory', async ({ proxy, transport }) => {
      const { body } = await get(transport, proxy.directoryUrl);
      assert.throws(() => JSON.parse(Buffer.from(body).toString()), SyntaxError);
    }));

  it('are longer than any may be', () =>
    spoiling('oversized body', 'directory', async ({ proxy, transport }) => {
      assert.ok((await get(transport, proxy.directoryUrl)).body.length > 1_000_000);
    }));

  it('say that they are a page', () =>
    spoiling('wrong content type', 'directory', async ({ proxy, transport }) => {
      assert.match((await get(transport, proxy.directoryUrl)).headers['content-type']?.[0] ?? '', /^text\/html/);
    }));

  it('lack their nonce', () =>
    spoiling('lost nonce', 'nonce', async ({ proxy, transport }) => {
      const { newNonce } = JSON.parse(Buffer.from((await get(transport, proxy.directoryUrl)).body).toString()) as {
        newNonce: string;
      };
      assert.equal((await get(transport, newNonce)).headers['replay-nonce'], undefined);
      assert.notEqual((await get(transport, newNonce)).headers['replay-nonce'], undefined);
    }));

  it('bring a nonce that was used: the CA refuses it, and the client asks again', () =>
    spoiling('repeated nonce', 'new-account', async ({ proxy, client, happened }) => {
      await (await withAccount(client())).getAccount();
      assert.equal(happened(), 1);
      assert.deepEqual(
        proxy.passed.filter(({ kind }) => kind === 'account').map(({ status }) => status),
        [400, 200],
      );
    }));

  it('were given before: an order is pending again', () =>
    spoiling(
      'duplicate response',
      'order',
      async ({ client }) => {
        const account = await withAccount(client());
        const { url, order } = await account.newOrder({ identifiers });
        assert.equal((await account.getOrder(url)).order.status, 'pending');
        for (const address of order.authorizations) {
          const { authorization } = await account.getAuthorization(address);
          await account.respondToChallenge(answerTo(authorization, 'http-01').url);
          while ((await account.getAuthorization(address)).authorization.status === 'pending')
            await systemClock.sleep(5);
        }
        assert.equal((await account.getOrder(url)).order.status, 'pending');
        assert.equal((await account.getOrder(url)).order.status, 'ready');
      },
      { skip: 1 },
    ));
});

it('a request that comes to the CA twice makes one order, is refused, and asked again makes another', () =>
  spoiling('duplicate request', 'new-order', async ({ client, proxy }) => {
    const account = await withAccount(client());
    const { url } = await account.newOrder({ identifiers });
    const made = proxy.passed.filter(({ kind }) => kind === 'new-order');
    assert.deepEqual(
      made.map(({ status }) => status),
      [201, 400, 201],
    );
    assert.equal(made.at(-1)?.location, url);
    assert.notEqual(made[0]?.location, url);
  }));

/** An order whose names are validated. */
async function readyOrder(client: AcmeClient): Promise<{ url: string; finalize: string; csr: Uint8Array }> {
  const { url, order } = await client.newOrder({ identifiers });
  for (const address of order.authorizations) {
    const { authorization } = await client.getAuthorization(address);
    await client.respondToChallenge(answerTo(authorization, 'http-01').url);
  }
  await client.waitForOrder(url, { until: 'ready' });
  return { url, finalize: order.finalize, csr: await buildCsr({ identifiers, signer: newSigner() }) };
}

it('an order never leaves processing, and the CA was not asked', () =>
  spoiling('stuck order', 'finalize', async ({ client, proxy, happened }) => {
    const account = await withAccount(client());
    const { url, finalize, csr } = await readyOrder(account);
    assert.equal((await account.finalize(finalize, csr)).order.status, 'processing');
    assert.equal((await account.getOrder(url)).order.status, 'processing');
    assert.equal((await account.finalize(finalize, csr)).order.status, 'processing');
    assert.equal(happened(), 1);
    assert.ok(!proxy.passed.some(({ kind }) => kind === 'finalize'));
    proxy.calm();
    assert.equal((await account.getOrder(url)).order.status, 'ready');
  }));

it('an order that the CA was asked to finish is not stuck any more', () =>
  spoiling(
    'stuck order',
    'finalize',
    async ({ client, happened }) => {
      const account = await withAccount(client());
      const { url, finalize, csr } = await readyOrder(account);
      await account.finalize(finalize, csr);
      await assert.rejects(account.finalize(finalize, csr));
      assert.equal(happened(), 0);
      await account.waitForOrder(url);
    },
    { skip: 1 },
  ));

it('the clock of the CA is wrong: Date, and the expiry of its orders', () =>
  spoiling(
    'latency',
    'other',
    async ({ client, proxy, transport }) => {
      const [date = ''] = (await get(transport, proxy.directoryUrl)).headers['date'] ?? [];
      const [own = ''] =
        (
          await upstream.transport({
            method: 'GET',
            url: `${upstream.origin}/dir`,
            headers: { 'user-agent': 'test' },
            maxBytes: 10_000,
            timeoutMs: 30_000,
          })
        ).headers['date'] ?? [];
      const ahead = (parseHttpDate(date) ?? 0) - (parseHttpDate(own) ?? 0);
      assert.ok(Math.abs(ahead - 30 * 3_600_000) < 60_000, date);
      const { order } = await (await withAccount(client())).newOrder({ identifiers });
      // Pebble's orders live a day.
      assert.ok((order.expires ?? 0) > Date.now() + 50 * 3_600_000);
    },
    { clockAheadMs: () => 30 * 3_600_000 },
  ));

it('what cannot be spoilt passes and costs nothing', () =>
  spoiling('truncated body', 'nonce', async ({ proxy, transport, happened }) => {
    const { newNonce } = JSON.parse(Buffer.from((await get(transport, proxy.directoryUrl)).body).toString()) as {
      newNonce: string;
    };
    assert.equal((await get(transport, newNonce)).status, 204);
    assert.equal(happened(), 0);
  }));

describe('the plan', () => {
  const kinds = fc.constantFrom<RequestKind>('directory', 'order', 'finalize', 'certificate');

  it('is the same under one seed for the n-th request of a kind, in whatever order kinds come', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(kinds, { maxLength: 60 }), (seed, sequence) => {
        const faultsOf = (requests: readonly RequestKind[]): ReadonlyMap<RequestKind, readonly (string | null)[]> => {
          const plan = createFaultPlan({ seed, rate: 0.5, limit: 1000 });
          const met = new Map<RequestKind, (string | null)[]>();
          for (const kind of requests) met.set(kind, [...(met.get(kind) ?? []), plan.next(kind)?.name ?? null]);
          return met;
        };
        assert.deepEqual(faultsOf(sequence), faultsOf(sequence.toSorted((a, b) => a.localeCompare(b))));
      }),
    );
  });

  it('ends with its limit, and keeps faults to where they belong', () => {
    const plan = createFaultPlan({ seed: 7, rate: 1, limit: 3 });
    for (let spent = 0; spent < 3; spent += 1) {
      const fault = plan.next('order');
      assert.ok(fault !== null && fault.name !== 'stuck order');
      plan.happened(fault);
    }
    assert.equal(plan.next('order'), null);
  });

  it('meets every fault of the table sooner or later', () => {
    const plan = createFaultPlan({ seed: 3, rate: 1, limit: 10_000 });
    const met = new Set(Array.from({ length: 2000 }, () => plan.next('finalize')?.name));
    assert.deepEqual(met, new Set(FAULTS.map(({ name }) => name)));
  });
});

it('every path of a renewal is known by its kind', () =>
  spoiling('latency', 'other', async ({ client, proxy }) => {
    await (await withAccount(client())).newOrder({ identifiers });
    assert.ok(proxy.passed.length >= 4);
    assert.ok(proxy.passed.every(({ kind, path }) => kind !== 'other' && requestKind(path) === kind));
  }));
