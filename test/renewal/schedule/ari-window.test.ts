import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { pebbleFindsReplaced } from '../../../lab/pebble/replaced-serial.ts';
import { ariIdOf } from '../../../src/pki/x509/ari-id.ts';
import { parseCertificate } from '../../../src/pki/x509/certificate.ts';
import { parsePemCertificates } from '../../../src/pki/asn1/pem.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import { dueAt } from '../../../src/renewal/schedule/due-date.ts';
import type { Issued } from '../../../src/renewal/state/issued-table.ts';
import { renewed } from '../support/obtain-judge.ts';
import { eventCount, eventsOf, eventTypes, rowsOf } from '../support/obtain-rows.ts';
import { obtainSuite } from '../support/obtain-suite.ts';
import { problemResponse, type World } from '../support/obtain-world.ts';

// ARI windows (RFC 9773) as a real CA gives them: when they are asked for, what is drawn from them, and what that
// changes.

const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

const suite = obtainSuite();

/** A world with a certificate in use. */
const test = (title: string, work: (world: World) => Promise<void>): void =>
  void it(title, () =>
    suite.withWorld(async (world) => {
      await world.apply('[{ name: shop, names: [shop.window.test], deployments: [] }]');
      await renewed(world);
      await work(world);
    }),
  );

function refresh(world: World): Promise<number> {
  return world.engine.pollRenewalInfo(new AbortController().signal);
}

function active(world: World): Issued {
  const [issued] = world.show('shop').issued;
  assert.ok(issued?.status === 'active');
  return issued;
}

function activeId(world: World): string {
  const [leaf = new Uint8Array()] = parsePemCertificates(active(world).chain);
  return ariIdOf(parseCertificate(leaf)) ?? '';
}

/** Has the CA suggest this window for the certificate in use; seconds count. */
async function suggest(world: World, start: number, end: number, page = 'https://ca.test/why'): Promise<void> {
  const [leaf = ''] = active(world).chain.split(/(?<=-----END CERTIFICATE-----\n)/);
  const suggestedWindow = { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
  await suite.pebble.management('set-renewal-info/', {
    certificate: leaf,
    ariResponse: JSON.stringify({ suggestedWindow, explanationURL: page }),
  });
}

/** Collects the certificates whose window the CA is asked for from now on. */
function listen(world: World): string[] {
  const asked: string[] = [];
  world.meddle = ({ url }) => {
    if (url.includes('/renewalInfo/')) asked.push(url);
    return null;
  };
  return asked;
}

function nextPoll(world: World): number {
  return Number(rowsOf(world.state.store, 'SELECT next_poll FROM certificate')[0]?.['next_poll']);
}

/** The same whole second, some days after the certificate was issued. */
function daysIn(world: World, days: number): number {
  return Math.floor((active(world).notBefore + days * DAY) / 1000) * 1000;
}

describe('the window of the CA', () => {
  test('is asked for at once; the moment drawn in it is kept while it stands, and drawn anew when it changes', async (world) => {
    const [start, end] = [daysIn(world, 40), daysIn(world, 50)];
    await suggest(world, start, end);
    assert.equal(await refresh(world), 1);
    const { ariWindow: window, certificate } = world.show('shop');
    assert.ok(window !== null);
    assert.deepEqual([window.start, window.end, window.explanationUrl], [start, end, 'https://ca.test/why']);
    assert.ok(window.selected >= start && window.selected < end);
    assert.deepEqual([certificate.nextDue, certificate.dueReason], [window.selected, 'ari-window']);
    const received = eventsOf(world.state.store, 'shop').at(-1);
    assert.equal(received?.type, 'renewal-info.received');
    assert.deepEqual(received.data, {
      start: new Date(start).toISOString(),
      end: new Date(end).toISOString(),
      selected: new Date(window.selected).toISOString(),
      explanation: 'https://ca.test/why',
    });

    // Not before its time; then again and again, and the draw stands.
    assert.equal(await refresh(world), 0);
    const from = eventCount(world.state.store);
    for (let round = 0; round < 5; round += 1) {
      world.clock.moveTo(nextPoll(world));
      assert.equal(await refresh(world), 1);
      assert.deepEqual(world.show('shop').ariWindow, window);
      assert.equal(world.show('shop').certificate.nextDue, window.selected);
    }
    assert.deepEqual(eventTypes(world.state.store, 'shop', from), []);

    const [earlier, earlierEnd] = [daysIn(world, 10), daysIn(world, 11)];
    await suggest(world, earlier, earlierEnd);
    world.clock.moveTo(nextPoll(world));
    assert.equal(await refresh(world), 1);
    const moved = world.show('shop');
    assert.ok(moved.ariWindow !== null && moved.ariWindow.selected >= earlier && moved.ariWindow.selected < earlierEnd);
    assert.equal(moved.certificate.nextDue, moved.ariWindow.selected);
    assert.deepEqual(eventTypes(world.state.store, 'shop', from), ['renewal-info.received']);

    // Due at that moment, and not one earlier. The new certificate has no window yet, and is asked about at once.
    world.clock.moveTo(moved.ariWindow.selected - MINUTE);
    assert.equal((await world.renew()).worked, 0);
    world.clock.moveTo(moved.ariWindow.selected);
    await renewed(world);
    assert.equal(world.show('shop').ariWindow, null);
    assert.equal(world.show('shop').certificate.dueReason, 'lifetime');
    assert.equal(await refresh(world), 1);
    assert.notEqual(world.show('shop').ariWindow, null);
  });

  test('in the past makes the certificate due now: the CA is about to revoke it', async (world) => {
    while (!pebbleFindsReplaced(activeId(world))) await world.renew(['shop'], { force: true });
    // One that replaced another one a moment ago is skipped for some hours.
    world.clock.advance(6 * HOUR);
    const issued = active(world).chain;
    await suggest(world, daysIn(world, -2), daysIn(world, -1));
    await refresh(world);
    assert.ok(world.show('shop').certificate.nextDue <= world.clock.now());
    assert.equal(world.show('shop').certificate.dueReason, 'ari-window');
    await renewed(world);
    assert.notEqual(active(world).chain, issued);
    // The order names the certificate that it replaces (RFC 9773 section 5).
    const order = eventsOf(world.state.store, 'shop').findLast(({ type }) => type === 'order.requested');
    assert.match(String(order?.data['replaces']), /^[\w-]+\.[\w-]+$/);
    const created = eventsOf(world.state.store, 'shop').filter(({ type }) => type === 'order.created');
    assert.equal(created.at(-1)?.data['replacesRefused'], undefined);
  });

  test('in the past for every certificate that there is: the first is renewed at once, the next ones in hours', async (world) => {
    const first = active(world);
    world.meddle = ({ url }) => {
      if (!url.includes('/renewalInfo/')) return null;
      const suggestedWindow = {
        start: new Date(daysIn(world, -2)).toISOString(),
        end: new Date(daysIn(world, -1)).toISOString(),
      };
      const headers = { 'content-type': ['application/json'], 'retry-after': ['60'] };
      return { status: 200, headers, body: Buffer.from(JSON.stringify({ suggestedWindow })) };
    };
    await refresh(world);
    await renewed(world);
    const second = active(world);
    assert.notEqual(second.thumbprint, first.thumbprint);
    assert.equal(await refresh(world), 1);
    const { nextDue, dueReason } = world.show('shop').certificate;
    assert.deepEqual([nextDue, dueReason], [second.issuedAt + 6 * HOUR, 'ari-window']);
  });

  test('in the past for every certificate, of which none is kept when it is replaced: it is the same', async (world) => {
    await world.apply('[{ name: shop, names: [shop.window.test], deployments: [], keepOld: 0 }]');
    await suggest(world, daysIn(world, -2), daysIn(world, -1));
    await refresh(world);
    await renewed(world);
    await suggest(world, daysIn(world, -2), daysIn(world, -1));
    await refresh(world);
    assert.equal(world.show('shop').certificate.nextDue, active(world).issuedAt + 6 * HOUR);
  });

  test('that is too late is not waited for', async (world) => {
    const { notBefore, notAfter } = active(world);
    await suggest(world, daysIn(world, 89), daysIn(world, 120));
    await refresh(world);
    const { certificate, ariWindow: window } = world.show('shop');
    assert.ok(window !== null && window.selected > certificate.nextDue);
    const latest = notAfter - (notAfter - notBefore) / 20;
    assert.deepEqual([certificate.nextDue, certificate.dueReason], [Math.floor(latest), 'lifetime']);
  });

  test('of a CA that does not respond changes nothing but the time to ask again', async (world) => {
    const before = world.show('shop').certificate;
    const from = eventCount(world.state.store);
    world.meddle = ({ url }) =>
      url.includes('/renewalInfo/') ? problemResponse(503, 'serverInternal', { 'retry-after': ['7200'] }) : null;
    assert.equal(await refresh(world), 1);
    assert.deepEqual(world.show('shop').certificate, before);
    assert.equal(world.show('shop').ariWindow, null);
    assert.deepEqual(eventTypes(world.state.store, 'shop', from), []);
    const wait = nextPoll(world) - world.clock.now();
    assert.ok(wait > 2 * HOUR - MINUTE && wait <= 2 * HOUR, `${wait}`);
    suite.front.offline();
    try {
      world.meddle = () => null;
      world.clock.moveTo(nextPoll(world));
      assert.equal(await refresh(world), 1);
    } finally {
      suite.front.online();
    }
    const usual = nextPoll(world) - world.clock.now();
    assert.ok(usual > 6 * HOUR - MINUTE && usual <= 6 * HOUR, `${usual}`);
    assert.deepEqual(world.show('shop').certificate, before);
    assert.equal(before.nextDue, dueAt(active(world), null).at);
  });

  test('is explained where operators look, also when only the explanation is another one', async (world) => {
    const [start, end] = [daysIn(world, 40), daysIn(world, 50)];
    await suggest(world, start, end);
    await refresh(world);
    const told = (): object => world.state.store.read((db) => readOverview(db, world.clock.now())).explanations;
    assert.deepEqual(told(), [{ url: 'https://ca.test/why', names: ['shop'] }]);
    const { ariWindow: window } = world.show('shop');
    const from = eventCount(world.state.store);
    await suggest(world, start, end, 'https://ca.test/another');
    world.clock.moveTo(nextPoll(world));
    await refresh(world);
    assert.deepEqual(world.show('shop').ariWindow, { ...window, explanationUrl: 'https://ca.test/another' });
    assert.deepEqual(told(), [{ url: 'https://ca.test/another', names: ['shop'] }]);
    assert.deepEqual(
      eventsOf(world.state.store, 'shop', from).map(({ type, data }) => [type, data['explanation']]),
      [['renewal-info.received', 'https://ca.test/another']],
    );
    // It was about the certificate before.
    await world.renew([], { force: true });
    assert.deepEqual(told(), []);
  });

  test('is asked for no certificate that was replaced', async (world) => {
    const asked = listen(world);
    await refresh(world);
    const [first, ...others] = asked.splice(0);
    assert.ok(first !== undefined);
    assert.deepEqual(others, []);
    await world.renew([], { force: true });
    for (let round = 0; round < 3; round += 1) {
      world.clock.moveTo(nextPoll(world));
      await refresh(world);
    }
    assert.equal(asked.length, 3);
    assert.equal(new Set(asked).size, 1);
    assert.ok(!asked.includes(first));
  });

  test('is asked for no certificate that has expired', async (world) => {
    const asked = listen(world);
    world.clock.moveTo(active(world).notAfter);
    world.rightResponse = () => false;
    const { outcomes } = await world.renew();
    assert.equal(outcomes[0]?.kind, 'failed');
    // The next attempt is ahead, so that it is not for being due that nobody asks.
    assert.ok(world.show('shop').certificate.nextDue > world.clock.now());
    await refresh(world);
    assert.deepEqual(asked, []);
    assert.equal(rowsOf(world.state.store, 'SELECT next_poll FROM certificate')[0]?.['next_poll'], null);
  });

  test('is asked for no certificate that was revoked', async (world) => {
    const asked = listen(world);
    const { signal } = new AbortController();
    await world.engine.revoke({ name: 'shop', reason: null, byCertificateKey: false }, signal);
    await refresh(world);
    assert.deepEqual(asked, []);
  });

  test('takes nothing from a retry after a failure', async (world) => {
    world.clock.moveTo(world.show('shop').certificate.nextDue);
    world.rightResponse = () => false;
    const { outcomes } = await world.renew();
    assert.equal(outcomes[0]?.kind, 'failed');
    const { nextDue } = world.show('shop').certificate;
    await suggest(world, daysIn(world, 80), daysIn(world, 81));
    assert.equal(await refresh(world), 1);
    const { certificate, ariWindow: window } = world.show('shop');
    assert.notEqual(window, null);
    assert.deepEqual([certificate.nextDue, certificate.dueReason], [nextDue, 'retry']);
  });
});

test('a clock so far ahead that each new certificate seems old has none ordered after the other', async (world) => {
  world.clock.advance(80 * DAY);
  await renewed(world);
  // Weeks had passed by this clock since the one before.
  await renewed(world);
  const { nextDue } = world.show('shop').certificate;
  assert.equal(nextDue, active(world).issuedAt + 6 * HOUR);
  assert.deepEqual((await world.renew()).outcomes, []);
});
