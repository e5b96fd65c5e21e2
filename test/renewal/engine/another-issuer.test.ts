import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createLabCa, type LabCa } from '../../../lab/test-ca.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { IssuanceRequest, Issuer, Issuers } from '../../../src/ports/issuer.ts';
import type { Engine } from '../../../src/renewal/engine/engine.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { activeOf } from '../../../src/renewal/state/issued-table.ts';
import { eventTypes } from '../support/obtain-rows.ts';
import { type SettableClock, settableClock } from '../support/obtain-clock.ts';
import { applyText, withState } from '../support/obtain-state.ts';
import { engineWithoutAcme } from '../support/without-acme.ts';

// The engine over an issuer that is not ACME: it signs a request at once, has no orders, no challenges and no account.

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** What the issuer is asked, and what a test has it do. */
interface Desk {
  readonly asked: string[];
  readonly abandoned: IssuanceRequest[];
  readonly revoked: Uint8Array[];
  /** Told each request before it is signed; may throw. */
  onIssue: () => void;
  /** The names that it puts into the certificate. */
  names: (asked: readonly string[]) => readonly string[];
}

interface World {
  readonly engine: Engine;
  readonly clock: SettableClock;
  readonly desk: Desk;
  readonly types: () => readonly string[];
  renew(force?: boolean): Promise<Outcome>;
  thumbprint(): string | null;
  apply(names: string): Promise<void>;
}

function issuerAt(ca: LabCa, desk: Desk, clock: SettableClock): Issuer {
  const roots = [ca.der];
  return {
    prepare: async ({ state }) => void desk.asked.push(`prepare ${state.step}`),
    issue: async (request, signer, journal) => {
      desk.asked.push(`issue ${request.state.step}`);
      await journal.note(request, { step: 'order-requested' }, { type: 'order.requested', data: { by: 'desk' } });
      desk.onIssue();
      const validity = { notBefore: new Date(clock.now() - HOUR), notAfter: new Date(clock.now() + 90 * DAY) };
      const names = desk.names(request.identifiers.map(({ value }) => value));
      const leaf = await ca.certify({ names, ...validity }, signer.publicKey);
      return { chain: [leaf], accountUrl: 'desk:1', roots };
    },
    abandon: async (request) => void desk.abandoned.push(request),
    revoke: async ({ der }) => {
      desk.revoked.push(der);
      return { already: false };
    },
    renewalInformation: async () => null,
  };
}

function withWorld(work: (world: World) => Promise<void>): Promise<void> {
  const clock = settableClock();
  return withState(clock, async (state) => {
    const { store } = state;
    const ca = await createLabCa('Desk Root');
    const desk: Desk = { asked: [], abandoned: [], revoked: [], onIssue: () => {}, names: (asked) => asked };
    const issuers: Issuers = { open: () => issuerAt(ca, desk, clock), tidyUp: async () => {} };
    const engine = engineWithoutAcme(state, clock, issuers);
    await work({
      engine,
      clock,
      desk,
      types: () => eventTypes(store, 'shop'),
      renew: async (force = false) => {
        const outcomes: Outcome[] = [];
        const { signal } = new AbortController();
        await engine.renew({ names: force ? ['shop'] : [], force }, (outcome) => outcomes.push(outcome), signal);
        assert.equal(outcomes.length, 1);
        return outcomes[0] as Outcome;
      },
      thumbprint: () => store.read((db) => activeOf(db, 1))?.thumbprint ?? null,
      apply: (names) =>
        applyText(
          state,
          clock,
          `version: 1
issuers: [{ name: desk, directory: "https://desk.test/" }]
certificates: [{ name: shop, names: [${names}], deployments: [] }]
`,
        ),
    });
  });
}

it('obtains a certificate, has it checked, and makes it the active one; then replaces it', () =>
  withWorld(async ({ apply, renew, types, thumbprint, desk, engine, clock }) => {
    await apply('shop.desk.test');
    const outcome = await renew();
    assert.ok(outcome.kind === 'renewed');
    assert.deepEqual(types(), [
      'certificate.declared',
      'renewal.started',
      'key.generated',
      'order.requested',
      'certificate.issued',
      'renewal.committed',
    ]);
    assert.equal(thumbprint(), outcome.thumbprint);
    assert.deepEqual(desk.asked, ['prepare started', 'issue started']);
    clock.advance(DAY);
    const again = await renew(true);
    assert.ok(again.kind === 'renewed' && again.thumbprint !== outcome.thumbprint);
    const { signal } = new AbortController();
    const revoked = await engine.revoke({ name: 'shop', reason: null, byCertificateKey: false }, signal);
    assert.deepEqual([revoked.thumbprint, revoked.already], [again.thumbprint, false]);
    assert.equal(desk.revoked.length, 1);
  }));

it('what it hands over is checked like what a CA sends: other names are not taken', () =>
  withWorld(async ({ apply, renew, desk, thumbprint }) => {
    await apply('shop.desk.test');
    desk.names = () => ['bank.desk.test'];
    const outcome = await renew();
    assert.ok(outcome.kind === 'failed');
    assert.equal(outcome.code, 'PKI_ISSUED_NAMES_MISMATCH');
    assert.equal(thumbprint(), null);
  }));

it('a request whose response was lost is gone on with by the next run, with the same key', () =>
  withWorld(async ({ apply, renew, desk, clock, types }) => {
    await apply('shop.desk.test');
    desk.onIssue = () => {
      throw new EverbindError('ACME_TIMEOUT', 'no response, for the test');
    };
    assert.equal((await renew()).kind, 'failed');
    desk.onIssue = () => {};
    clock.advance(HOUR);
    assert.equal((await renew()).kind, 'renewed');
    assert.deepEqual(desk.asked.slice(2), ['prepare order-requested', 'issue order-requested']);
    assert.equal(types().filter((type) => type === 'key.generated').length, 1);
    assert.ok(types().includes('renewal.resumed'));
  }));

it('one that works for other names is asked anew when the names change', () =>
  withWorld(async ({ apply, renew, desk, types }) => {
    await apply('shop.desk.test');
    desk.onIssue = () => {
      throw new EverbindError('ACME_TIMEOUT', 'no response, for the test');
    };
    await renew();
    desk.onIssue = () => {};
    await apply('shop.desk.test, www.desk.test');
    assert.equal((await renew()).kind, 'renewed');
    assert.ok(types().includes('renewal.superseded'));
    // Nothing stood at the issuer under an address yet.
    assert.deepEqual(desk.abandoned, []);
  }));
