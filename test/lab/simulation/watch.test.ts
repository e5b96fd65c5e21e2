import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type SimulatedCertificate, usualWindow } from '../../../lab/simulation/ca.ts';
import { CAS, LIFETIMES } from '../../../lab/simulation/cas.ts';
import { createFleet } from '../../../lab/simulation/fleet.ts';
import { createRandom } from '../../../lab/simulation/random.ts';
import { createWatch } from '../../../lab/simulation/watch.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const notAfter = 90 * DAY;

function issuedAt(at: number): SimulatedCertificate {
  const id = `id-${at}`;
  return { id, serialHex: '00', thumbprint: id, name: 'c0', ca: 'larch', notBefore: at, notAfter, issuedAt: at };
}

const order = { name: 'c0', names: ['c0.d0.test'], lifetimeMs: notAfter, replaces: null };

/**
 * A certificate whose window was heard and drawn in at its beginning, and then pulled to begin at the same moment and
 * to end after an hour.
 */
function renewedAt(at: number): readonly string[] {
  const fleet = createFleet(CAS, LIFETIMES, createRandom('watch'));
  let now = 0;
  const watch = createWatch({ fleet, now: () => now, slackMs: HOUR });
  watch.configured(fleet.grow(1));
  watch.issued(issuedAt(0), order);
  watch.renewed('c0', 'id-0');
  const said = { ...usualWindow(issuedAt(0)), explanationUrl: null, retryAfterMs: DAY };
  watch.polled('larch', 'id-0', said);
  watch.noteDraws(() => said.end - HOUR);
  now = said.start + HOUR / 2;
  watch.polled('larch', 'id-0', { ...said, end: said.start + HOUR });
  watch.noteDraws(() => said.start + HOUR / 2);
  now = said.start + at;
  watch.issued(issuedAt(now), order);
  return [...watch.broken.counts.keys()];
}

describe('a window that is cut short and begins as before', () => {
  it('is another one, with a draw of its own', () => {
    assert.deepEqual(renewedAt(HOUR / 2), []);
  });

  it('is kept', () => {
    assert.deepEqual(renewedAt(5 * HOUR), ['late']);
  });
});
