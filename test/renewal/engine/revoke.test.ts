import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { REVOCATION_REASONS, type RevocationReason } from '../../../src/acme/session/certificate-requests.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { ErrorCode } from '../../../src/errors/table.ts';
import { parseCertificate } from '../../../src/pki/x509/certificate.ts';
import { parsePemCertificates } from '../../../src/pki/asn1/pem.ts';
import type { HttpRequest } from '../../../src/ports/transport.ts';
import type { RevokeResult } from '../../../src/renewal/engine/revoke.ts';
import type { Issued } from '../../../src/renewal/state/issued-table.ts';
import { coded } from '../../acme/support.ts';
import { eventCount, eventsOf, eventTypes, keyHandles, rowsOf, troubleOf } from '../support/obtain-rows.ts';
import { BOUND, endsOf, expectKind, issuedOf, RENEWED, runOne, statusesOf } from '../support/use-judge.ts';
import { notServed } from '../support/use-server.ts';
import { useSuite, type UseWorld } from '../support/use-world.ts';

// A certificate is revoked at its CA: what the CA is told, what it knows afterwards, and what takes its place.

const suite = useSuite();
const { test } = suite;

const force = true;

/** A certificate in use. */
async function inUse(world: UseWorld, settings = 'keepOld: 1'): Promise<Issued> {
  await world.apply(`[{ name: shop, names: [shop.revoke.test], deployments: [{ type: iis }], ${settings} }]`);
  await runOne(world, 'renewed', { force });
  return activeOf(world);
}

function activeOf(world: UseWorld): Issued {
  const active = issuedOf(world, 'shop').find(({ status }) => status === 'active');
  assert.ok(active !== undefined);
  return active;
}

function revoke(
  { engine }: UseWorld,
  { reason = null, byCertificateKey = false }: { reason?: RevocationReason | null; byCertificateKey?: boolean } = {},
): Promise<RevokeResult> {
  return engine.revoke({ name: 'shop', reason, byCertificateKey }, new AbortController().signal);
}

/** What the CA says of a certificate that it issued. */
async function statusAtCa({ chain }: Issued): Promise<{ readonly Status: string; readonly Reason?: number }> {
  const { serialHex } = leafOf(chain);
  const response = await suite.pebble.management(`cert-status-by-serial/${serialHex}`);
  return JSON.parse(response) as { Status: string; Reason?: number };
}

function leafOf(chain: string): ReturnType<typeof parseCertificate> {
  const [leaf] = parsePemCertificates(chain);
  assert.ok(leaf !== undefined);
  return parseCertificate(leaf);
}

function spkiOf({ chain }: Issued): string {
  return Buffer.from(leafOf(chain).spkiDer).toString('hex');
}

interface Revocation {
  readonly header: { readonly kid?: string; readonly jwk?: { readonly x?: string } };
  readonly payload: { readonly certificate: string; readonly reason?: number };
}

/** Collects what the CA is asked to revoke from now on. */
function listen(world: UseWorld): readonly Revocation[] {
  const found: Revocation[] = [];
  world.onRequest = ({ url, body }: HttpRequest) => {
    if (!url.endsWith('/revoke-cert')) return;
    const jws = JSON.parse(Buffer.from(body ?? '').toString()) as { protected: string; payload: string };
    const decode = (text: string): unknown => JSON.parse(Buffer.from(text, 'base64url').toString());
    found.push({
      header: decode(jws.protected) as Revocation['header'],
      payload: decode(jws.payload) as Revocation['payload'],
    });
  };
  return found;
}

test('by a key that is gone: nothing is sent, and the log does not say so', async (world) => {
  const { keyHandle } = await inUse(world);
  await world.state.keys.destroy(keyHandle);
  const requests = listen(world);
  const from = eventCount(world.state.store);
  await assert.rejects(revoke(world, { byCertificateKey: true }), coded('KEY_NOT_FOUND'));
  assert.deepEqual([requests, eventTypes(world.state.store, 'shop', from)], [[], []]);
});

const reasons = [
  { reason: null, told: undefined },
  { reason: REVOCATION_REASONS.keyCompromise, told: 1 },
  { reason: REVOCATION_REASONS.superseded, told: 4 },
] as const;

describe('revoking', () => {
  for (const byCertificateKey of [false, true]) {
    for (const { reason, told } of reasons) {
      const how = `by the ${byCertificateKey ? "certificate's" : "account's"} key, reason ${reason ?? 'none'}`;
      test(`${how}: the CA is told, and another one is due at once`, async (world) => {
        const { server, clock, state } = world;
        const old = await inUse(world);
        assert.equal((await statusAtCa(old)).Status, 'Valid');
        const requests = listen(world);
        const [from, begun] = [eventCount(state.store), clock.now()];
        const result = await revoke(world, { reason, byCertificateKey });
        assert.deepEqual(result, { name: 'shop', thumbprint: old.thumbprint, already: false });
        // What was asked, and signed by whom.
        const [request, ...more] = requests;
        assert.deepEqual(more, []);
        const der = Buffer.from(request?.payload.certificate ?? '', 'base64url');
        assert.equal(parseCertificate(der).thumbprint, old.thumbprint);
        assert.equal(request?.payload.reason, told);
        if (byCertificateKey) {
          const key = await state.keys.open(old.keyHandle);
          assert.equal(request?.header.kid, undefined);
          assert.ok(request?.header.jwk !== undefined);
          assert.equal(spkiOf(old), Buffer.from(key.publicKey).toString('hex'));
          const x = Buffer.from(request.header.jwk.x ?? '', 'base64url').toString('hex');
          assert.ok(x.length === 64 && spkiOf(old).includes(x));
        } else {
          assert.equal(request?.header.kid, rowsOf(state.store, 'SELECT url FROM account')[0]?.['url']);
          assert.equal(request?.header.jwk, undefined);
        }
        const { Status, Reason } = await statusAtCa(old);
        assert.deepEqual([Status, Reason ?? undefined], ['Revoked', told]);
        assert.deepEqual(eventTypes(state.store, 'shop', from), ['revocation.requested', 'certificate.revoked']);
        assert.deepEqual(
          eventsOf(state.store, 'shop', from).map(({ data }) => data),
          [
            { thumbprint: old.thumbprint, reason, byCertificateKey },
            { thumbprint: old.thumbprint, already: false },
          ],
        );
        // It serves until there is another one.
        const revoked = activeOf(world);
        assert.ok(revoked.revokedAt !== null && revoked.revokedAt >= begun && revoked.revokedAt <= clock.now());
        assert.deepEqual([...server.bound], [['shop:all', old.thumbprint]]);
        const { certificate } = world.show('shop');
        assert.deepEqual(troubleOf(certificate), { failures: 0, dueReason: 'revoked', code: null });
        assert.ok(certificate.nextDue <= clock.now());

        const later = eventCount(state.store);
        const { thumbprint } = await runOne(world, 'renewed');
        assert.deepEqual([...server.bound], [['shop:all', thumbprint]]);
        // Whatever is kept for rolling back: this one is not.
        assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'active']);
        assert.deepEqual([...server.installed], [thumbprint]);
        assert.ok(!keyHandles(state.store).includes(old.keyHandle));
        assert.deepEqual(eventTypes(state.store, 'shop', later), [...RENEWED, 'certificate.retired']);
        await assert.rejects(world.rollBack('shop'), { code: 'RENEWAL_NO_PREVIOUS' });
      });
    }
  }

  test('again, or what the CA has revoked already, is no error', async (world) => {
    const { state } = world;
    const old = await inUse(world);
    await revoke(world);
    const from = eventCount(state.store);
    assert.deepEqual(await revoke(world), { name: 'shop', thumbprint: old.thumbprint, already: true });
    assert.deepEqual(eventTypes(state.store, 'shop', from), ['revocation.requested', 'certificate.revoked']);
    assert.equal(eventsOf(state.store, 'shop').at(-1)?.data['already'], true);
    assert.equal(world.show('shop').certificate.dueReason, 'revoked');
  });

  test('that the CA never hears of changes nothing but the log', async (world) => {
    const { state } = world;
    const old = await inUse(world);
    const { nextDue } = world.show('shop').certificate;
    world.onRequest = ({ url }) => {
      if (url.endsWith('/revoke-cert')) throw new Error('the line is cut');
    };
    const from = eventCount(state.store);
    await assert.rejects(revoke(world));
    assert.deepEqual(eventTypes(state.store, 'shop', from), ['revocation.requested']);
    assert.equal(activeOf(world).revokedAt, null);
    assert.equal(world.show('shop').certificate.nextDue, nextDue);
    assert.equal((await statusAtCa(old)).Status, 'Valid');
    world.onRequest = () => {};
    assert.equal((await revoke(world)).already, false);
  });

  test('without a certificate is refused', async (world) => {
    const refused = async (code: ErrorCode): Promise<void> => {
      const events = eventCount(world.state.store);
      await assert.rejects(revoke(world), { code });
      assert.equal(eventCount(world.state.store), events);
    };
    await refused('RENEWAL_UNKNOWN_CERTIFICATE');
    await world.apply('[{ name: shop, names: [shop.revoke.test], deployments: [{ type: iis }] }]');
    await refused('RENEWAL_NOTHING_ISSUED');
  });
});

describe('after revoking', () => {
  test('the revoked one goes on serving while visitors do not get the new one', async (world) => {
    const { server, clock, state } = world;
    const old = await inUse(world);
    await revoke(world);
    server.trouble = notServed();
    const { nextAttempt } = await runOne(world, 'rolledBack');
    assert.deepEqual([...server.bound], [['shop:all', old.thumbprint]]);
    assert.deepEqual(statusesOf(world, 'shop'), ['active', 'pending']);
    server.trouble = () => {};
    clock.moveTo(nextAttempt);
    const from = eventCount(state.store);
    await runOne(world, 'renewed');
    assert.equal(world.orders.length, 2);
    assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'active']);
    assert.deepEqual(eventTypes(state.store, 'shop', from), [
      'renewal.resumed',
      ...BOUND,
      'renewal.committed',
      'certificate.retired',
    ]);
  });

  test('one that is bound elsewhere still stays there, but nobody goes back to it', async (world) => {
    const { server } = world;
    const old = await inUse(world);
    server.bound.set('somebody:990', old.thumbprint);
    await revoke(world);
    await runOne(world, 'renewed');
    assert.deepEqual(statusesOf(world, 'shop'), ['retiring', 'active']);
    assert.ok(server.installed.has(old.thumbprint));
    await assert.rejects(world.rollBack('shop'), { code: 'RENEWAL_NO_PREVIOUS' });
  });

  test('a person can go back to the one before, which has another key', async (world) => {
    const { server } = world;
    const first = await inUse(world);
    await runOne(world, 'renewed', { force });
    const second = activeOf(world);
    await revoke(world);
    assert.equal(expectKind(await world.rollBack('shop'), 'renewed').thumbprint, first.thumbprint);
    assert.deepEqual([...server.bound], [['shop:all', first.thumbprint]]);
    assert.deepEqual(statusesOf(world, 'shop'), ['active', 'retired']);
    assert.ok(!server.installed.has(second.thumbprint));
  });

  test('a new certificate that waits to be bound, with a key of its own, is bound', async (world) => {
    const { server } = world;
    await inUse(world);
    server.trouble = notServed();
    await runOne(world, 'rolledBack', { force });
    const waiting = issuedOf(world, 'shop').at(-1);
    await revoke(world);
    server.trouble = () => {};
    assert.equal((await runOne(world, 'renewed')).thumbprint, waiting?.thumbprint);
    assert.equal(world.orders.length, 2);
  });
});

describe('the key of a revoked certificate, where keys are kept', () => {
  const keep = 'keepOld: 1, key: { reuse: true }';

  test('is not that of the next one', async (world) => {
    const { state } = world;
    const old = await inUse(world, keep);
    await runOne(world, 'renewed', { force });
    assert.equal(activeOf(world).keyHandle, old.keyHandle);
    await revoke(world, { reason: REVOCATION_REASONS.keyCompromise });
    const from = eventCount(state.store);
    await runOne(world, 'renewed');
    const next = activeOf(world);
    assert.notEqual(next.keyHandle, old.keyHandle);
    assert.notEqual(spkiOf(next), spkiOf(old));
    assert.ok(eventTypes(state.store, 'shop', from).includes('key.generated'));
    // And the next one keeps the new key.
    await runOne(world, 'renewed', { force });
    assert.equal(activeOf(world).keyHandle, next.keyHandle);
  });

  test('is not gone back to with an earlier certificate', async (world) => {
    await inUse(world, keep);
    await runOne(world, 'renewed', { force });
    await revoke(world);
    await assert.rejects(world.rollBack('shop'), { code: 'RENEWAL_NO_PREVIOUS' });
    await runOne(world, 'renewed');
    await assert.rejects(world.rollBack('shop'), { code: 'RENEWAL_NO_PREVIOUS' });
  });

  test('is not that of an order that was begun before', async (world) => {
    const { state } = world;
    const old = await inUse(world, keep);
    world.onRequest = ({ url }) => {
      if (url.includes('/finalize-order/')) throw new EverbindError('ACME_WAIT_TIMEOUT', 'too slow for the test');
    };
    await runOne(world, 'failed', { force });
    world.onRequest = () => {};
    assert.notEqual(world.show('shop').openStep, null);
    await revoke(world);
    const from = eventCount(state.store);
    await runOne(world, 'renewed');
    assert.notEqual(activeOf(world).keyHandle, old.keyHandle);
    assert.deepEqual(eventTypes(state.store, 'shop', from).slice(0, RENEWED.length + 1), [
      'renewal.superseded',
      ...RENEWED,
    ]);
    assert.equal(eventsOf(state.store, 'shop', from)[0]?.data['reason'], 'key revoked');
    assert.deepEqual(endsOf(world, 'shop'), ['renewal renewed', 'renewal superseded', 'renewal renewed']);
  });

  test('is not that of a new one that waited to be bound', async (world) => {
    const { server, clock } = world;
    const old = await inUse(world, keep);
    server.trouble = notServed();
    await runOne(world, 'rolledBack', { force });
    const waiting = issuedOf(world, 'shop').at(-1);
    assert.equal(waiting?.keyHandle, old.keyHandle);
    await revoke(world);
    server.trouble = () => {};
    const { thumbprint } = await runOne(world, 'renewed');
    assert.notEqual(thumbprint, waiting?.thumbprint);
    assert.notEqual(activeOf(world).keyHandle, old.keyHandle);
    clock.advance(86_400_000);
    await world.renew();
    assert.deepEqual(statusesOf(world, 'shop'), ['retired', 'retired', 'active']);
    assert.deepEqual([...server.installed], [thumbprint]);
    assert.ok(!keyHandles(world.state.store).includes(old.keyHandle));
  });
});
