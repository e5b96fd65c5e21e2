import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { certificateRoots } from '../../../src/agent/issuer-parts.ts';
import { parsePemCertificates, toPem } from '../../../src/pki/asn1/pem.ts';
import { isSelfIssued, parseCertificate } from '../../../src/pki/x509/certificate.ts';
import type { HttpRequest, HttpResponse } from '../../../src/ports/transport.ts';
import { correctAfterClockPutBack } from '../../../src/renewal/engine/clock-put-back.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { showCertificate } from '../../../src/overview/certificate-detail.ts';
import { readOverview } from '../../../src/overview/overview.ts';
import { noteTime } from '../../../src/store/lease-row.ts';
import { makeIntermediate, makeRoot, without } from '../../pki/support/make-chain.ts';
import { type SettableClock, settableClock } from '../support/obtain-clock.ts';
import { eventsOf } from '../support/obtain-rows.ts';
import { applyText, withFolder } from '../support/obtain-state.ts';
import { openEngine } from '../support/state.ts';

// What the CA issued is good, and something on this machine keeps it from being accepted: it is not bought twice.

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let pebble: Pebble;
before(async () => {
  pebble = await startPebble({ alwaysValid: true, alternateRoots: 1 });
});
after(() => pebble.stop());

interface World {
  readonly clock: SettableClock;
  /** Orders that the CA made, and certificates that it was asked for. */
  readonly bought: { orders: number; certificates: number };
  /** Between the CA and the program. */
  onResponse: (request: HttpRequest, response: HttpResponse) => HttpResponse;
  /** Applies a configuration whose issuer trusts these roots. */
  trust(roots: readonly string[], issuer?: string): Promise<void>;
  /** Changes the file of the roots, not the configuration. */
  writeRoots(pem: string): Promise<void>;
  removeRoots(): Promise<void>;
  /** Sets the clock right, as the next command finds it. */
  putClockBack(): Promise<void>;
  /** Runs what is due now. */
  renew(): Promise<Outcome | undefined>;
  /** Moves on to the next attempt and runs it. */
  renewNext(): Promise<Outcome>;
  show(): ReturnType<typeof showCertificate>;
  events(type: string): ReturnType<typeof eventsOf>;
  overview(): ReturnType<typeof readOverview>;
}

function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const clock = settableClock();
    const file = join(folder, 'roots.pem');
    const bought = { orders: 0, certificates: 0 };
    const ca = {
      directoryUrl: pebble.directoryUrl,
      listenerCaPem: pebble.listenerCaPem,
      rootPem: await pebble.rootPem(),
    };
    const { state, engine, close } = await openEngine(folder, ca, {
      clock,
      transport: (transport) => async (request, signal) => {
        const response = await transport(request, signal);
        if (request.url.endsWith('/order-plz') && response.status === 201) bought.orders += 1;
        if (request.url.includes('/finalize-order/') && response.status === 200) bought.certificates += 1;
        return world.onResponse(request, response);
      },
      ports: {
        rootsFor: certificateRoots,
        solverFor: () => ({ type: 'http-01', present: async () => {}, wait: async () => {}, cleanUp: async () => {} }),
      },
    });
    const show = (): ReturnType<typeof showCertificate> => state.store.read((db) => showCertificate(db, 'shop'));
    const world: World = {
      clock,
      bought,
      onResponse: (_, response) => response,
      writeRoots: (pem) => writeFile(file, pem),
      removeRoots: () => rm(file),
      trust: async (roots, issuer = '') => {
        await world.writeRoots(roots.join(''));
        await applyText(
          state,
          clock,
          `version: 1
issuers: [{ name: ca, directory: "${pebble.directoryUrl}", termsOfServiceAgreed: true, certificateRoots: ["${file}"]${issuer} }]
certificates: [{ name: shop, names: [shop.example], deployments: [] }]
`,
        );
      },
      putClockBack: async () => {
        await state.store.commit(({ db }) => noteTime(db, clock.now()));
        clock.moveTo(Date.now());
        await correctAfterClockPutBack(state.store, clock);
      },
      renew: async () => {
        const outcomes: Outcome[] = [];
        const { signal } = new AbortController();
        await engine.renew({ names: [], force: false }, (outcome) => outcomes.push(outcome), signal);
        assert.ok(outcomes.length < 2);
        return outcomes[0];
      },
      renewNext: async () => {
        clock.moveTo(Math.max(show().certificate.nextDue, clock.now()));
        const outcome = await world.renew();
        assert.ok(outcome !== undefined);
        return outcome;
      },
      show,
      events: (type) => eventsOf(state.store, 'shop').filter((event) => event.type === type),
      overview: () => state.store.read((db) => readOverview(db, clock.now())),
    };
    try {
      await work(world);
    } finally {
      await close();
    }
  });
}

function test(title: string, work: (world: World) => Promise<void>): void {
  it(title, () => withWorld(work));
}

/** Asserts that the attempt failed with this code. */
function failedWith(outcome: Outcome | undefined, code: string): Extract<Outcome, { kind: 'failed' }> {
  assert.ok(outcome?.kind === 'failed', JSON.stringify(outcome));
  assert.equal(outcome.code, code, outcome.message);
  return outcome;
}

/** Other certificates in place of those that the CA hands out. */
function chainInstead(instead: (chain: readonly Uint8Array[]) => readonly Uint8Array[]): World['onResponse'] {
  return (_, response) =>
    response.headers['content-type']?.[0]?.startsWith('application/pem-certificate-chain') === true
      ? {
          ...response,
          body: Buffer.from(
            instead(parsePemCertificates(Buffer.from(response.body).toString()))
              .map((der) => toPem('CERTIFICATE', der))
              .join(''),
          ),
        }
      : response;
}

const stranger = (): string => toPem('CERTIFICATE', makeRoot('Unrelated').certificate.der);

test('a clock that is two hours behind: the certificate is used when the clock is right', async (world) => {
  world.clock.advance(-2 * HOUR);
  await world.trust([await pebble.rootPem()]);
  const outcome = failedWith(await world.renew(), 'PKI_CLOCK_WRONG');
  assert.match(outcome.message, /clock of this machine is 2 hours behind/);
  const { openStep } = world.show();
  assert.equal(openStep, 'authorized');
  // `status` tells it in the same words.
  assert.equal(world.overview().clock?.message, outcome.message);
  for (let attempt = 0; attempt < 3; attempt += 1) failedWith(await world.renewNext(), 'PKI_CLOCK_WRONG');
  // However long the next wait was to be: a clock that is put right makes it due.
  world.clock.moveTo(Date.now());
  assert.equal((await world.renew())?.kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
  assert.equal(world.overview().clock, null);
});

test('a clock that stays two hours behind: used as soon as it is valid by that clock', async (world) => {
  world.clock.advance(-2 * HOUR);
  await world.trust([await pebble.rootPem()]);
  const begun = world.clock.now();
  let outcome = await world.renew();
  while (outcome?.kind === 'failed') outcome = await world.renewNext();
  assert.equal(outcome?.kind, 'renewed');
  const took = world.clock.now() - begun;
  assert.ok(took < 2 * HOUR, `${took} ms`);
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('a clock that is years ahead: the certificate is used when the clock is right', async (world) => {
  world.clock.advance(10 * 365 * DAY);
  await world.trust([await pebble.rootPem()]);
  const outcome = failedWith(await world.renew(), 'PKI_CLOCK_WRONG');
  assert.match(outcome.message, /clock of this machine is 3650 days ahead/);
  assert.equal(world.show().openStep, 'authorized');
  await world.putClockBack();
  assert.equal((await world.renewNext()).kind, 'renewed');
  assert.ok(world.clock.now() < Date.now() + 2 * MINUTE);
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('a root that is not trusted here: the same certificate is used once it is, by a change of the file', async (world) => {
  await world.trust([stranger()]);
  failedWith(await world.renew(), 'PKI_CHAIN_INVALID');
  for (let attempt = 0; attempt < 8; attempt += 1) {
    const last = world.clock.now();
    failedWith(await world.renewNext(), 'PKI_CHAIN_INVALID');
    // Within the hour, whoever mends it in whatever way.
    assert.ok(world.clock.now() - last < 1.1 * HOUR);
  }
  await world.writeRoots(await pebble.rootPem());
  assert.equal((await world.renewNext()).kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('a root that is not trusted here: a change of the configuration is tried at once', async (world) => {
  await world.trust([stranger()]);
  failedWith(await world.renew(), 'PKI_CHAIN_INVALID');
  await world.trust([stranger(), await pebble.rootPem()], ', profile: default');
  assert.equal((await world.renew())?.kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('a root of the same name with another key is trusted here: as one that is not', async (world) => {
  const pem = await pebble.rootPem();
  const [der = new Uint8Array()] = parsePemCertificates(pem);
  // What is left of a private CA that was set up anew.
  const old = makeRoot('', { subject: parseCertificate(der).subjectDer, extensions: [without('2.5.29.14')] });
  await world.trust([toPem('CERTIFICATE', old.certificate.der)]);
  assert.match(failedWith(await world.renew(), 'PKI_CHAIN_INVALID').message, /its signature is not by/);
  await world.writeRoots(pem);
  assert.equal((await world.renewNext()).kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('the file of the roots is away for a while', async (world) => {
  await world.trust([stranger()]);
  failedWith(await world.renew(), 'PKI_CHAIN_INVALID');
  await world.removeRoots();
  failedWith(await world.renewNext(), 'CONFIG_UNREADABLE');
  await world.writeRoots(await pebble.rootPem());
  assert.equal((await world.renewNext()).kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('a root that is never trusted: far fewer certificates than the five a week of a CA', async (world) => {
  await world.trust([stranger()]);
  const begun = world.clock.now();
  await world.renew();
  while (world.clock.now() - begun < 7 * DAY) failedWith(await world.renewNext(), 'PKI_CHAIN_INVALID');
  assert.ok(world.bought.orders <= 4, `${world.bought.orders} orders`);
  assert.equal(world.bought.certificates, world.bought.orders);
});

test('a CA that forgets the order meanwhile is not asked for one after the other', async (world) => {
  world.onResponse = (request, response) =>
    request.url.includes('/my-order/') &&
    world.bought.certificates > 0 &&
    world.events('renewal.attempt-failed').length > 0
      ? { status: 404, headers: {}, body: new Uint8Array() }
      : response;
  await world.trust([stranger()]);
  const begun = world.clock.now();
  failedWith(await world.renew(), 'PKI_CHAIN_INVALID');
  // A young order may not be known everywhere yet.
  world.clock.moveTo(world.clock.now() + 20 * 60_000);
  failedWith(await world.renewNext(), 'RENEWAL_ORDER_LOST');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
  world.onResponse = (_, response) => response;
  await world.writeRoots(await pebble.rootPem());
  assert.equal((await world.renewNext()).kind, 'renewed');
  assert.ok(world.clock.now() - begun > 2 * DAY - HOUR);
  assert.deepEqual(world.bought, { orders: 2, certificates: 2 });
});

test('a certificate that cannot be read is asked for once more, not ordered', async (world) => {
  world.onResponse = chainInstead(() => [Uint8Array.of(0x30, 0x03, 0x02, 0x01, 0x05)]);
  await world.trust([await pebble.rootPem()]);
  failedWith(await world.renew(), 'PKI_CERTIFICATE_INVALID');
  world.onResponse = (_, response) => response;
  assert.equal((await world.renewNext()).kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('the alternate chain leads to a root that is trusted here', async (world) => {
  const [alternate = new Uint8Array()] = parsePemCertificates(await pebble.rootPem(1));
  await world.trust([await pebble.rootPem(1)]);
  assert.equal((await world.renew())?.kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
  const [issued] = world.events('certificate.issued');
  assert.equal(issued?.data['root'], parseCertificate(alternate).subjectText);
  assert.equal(issued?.data['alternate'], true);
  const [, ...above] = parsePemCertificates(world.show().issued[0]?.chain ?? '').map(parseCertificate);
  assert.deepEqual(
    above.map(({ issuerText }) => issuerText),
    [parseCertificate(alternate).subjectText],
  );
});

test('an alternate chain that cannot be had, or has an odd address, costs nothing', async (world) => {
  let asked = 0;
  world.onResponse = (request, response) => {
    if (request.url.includes('/alternate/')) {
      asked += 1;
      return { status: 404, headers: {}, body: new Uint8Array() };
    }
    const { link } = response.headers;
    const odd = ['<http://ca.example/plain>;rel="alternate"', '<ftp://ca.example>;rel="alternate"'];
    return link === undefined ? response : { ...response, headers: { ...response.headers, link: [...odd, ...link] } };
  };
  await world.trust([await pebble.rootPem()], ', preferredIssuer: "Nobody has heard of it"');
  assert.equal((await world.renew())?.kind, 'renewed');
  assert.ok(asked > 0);
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('a preferred chain that is not trusted here gives way to the default one', async (world) => {
  const [alternate = new Uint8Array()] = parsePemCertificates(await pebble.rootPem(1));
  const preferred = parseCertificate(alternate).subjectCommonName;
  await world.trust([await pebble.rootPem(0)], `, preferredIssuer: ${JSON.stringify(preferred)}`);
  assert.equal((await world.renew())?.kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
});

test('another order, the leaf twice, the root, and what nobody signed: the path alone is kept', async (world) => {
  const [root = new Uint8Array()] = parsePemCertificates(await pebble.rootPem());
  const junk = Array.from({ length: 11 }, (_, index) => makeIntermediate(makeRoot(`R ${index}`), `I ${index}`));
  world.onResponse = chainInstead(([leaf = new Uint8Array(), intermediate = new Uint8Array()]) => [
    leaf,
    root,
    ...junk.map(({ certificate }) => certificate.der),
    leaf,
    intermediate,
  ]);
  await world.trust([await pebble.rootPem()]);
  assert.equal((await world.renew())?.kind, 'renewed');
  assert.deepEqual(world.bought, { orders: 1, certificates: 1 });
  const stored = parsePemCertificates(world.show().issued[0]?.chain ?? '').map(parseCertificate);
  assert.equal(stored.length, 2);
  assert.ok(stored.every((certificate) => !isSelfIssued(certificate)));
  assert.deepEqual(stored[1]?.subjectText, stored[0]?.issuerText);
});
