import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { leafHash } from '../../src/audit/merkle.ts';
import { verifyLog } from '../../src/audit/verify-log.ts';
import { lastNote, makeLog, signerNumber, stored, type TestLog, verifierOf } from './support.ts';

const signer = signerNumber(1);
const verifier = verifierOf(signer);
/** Claims the log's key, and has another. */
const impostor = { ...signer, sign: signerNumber(2).sign };

/**
 * One move of somebody who can write to every table and has other logs, of this key and of another, to take parts from.
 */
type Move = (log: TestLog, sources: readonly TestLog[]) => void;

const place = fc.nat(12);
const moves: fc.Arbitrary<Move> = fc.oneof(
  // An event of another log, or of another place, with or without its hash.
  fc.tuple(place, place, fc.nat(4), fc.boolean()).map(
    ([to, from, which, hashToo]): Move =>
      (log, sources) => {
        const [row, other] = [log.events[to], sources[which]?.events[from]];
        if (row === undefined || other === undefined) return;
        row.event = other.event;
        if (hashToo) row.leafHash = leafHash(row.event);
      },
  ),
  fc.tuple(place, fc.integer({ min: -1, max: 14 })).map(
    ([at, seq]): Move =>
      ({ events }) => {
        const row = events[at];
        if (row !== undefined && events.every((each) => each.seq !== seq)) row.seq = seq;
      },
  ),
  fc.tuple(place, fc.nat(3)).map(
    ([at, count]): Move =>
      ({ events }) =>
        void events.splice(at, count),
  ),
  fc.tuple(place, fc.boolean()).map(
    ([at, renumber]): Move =>
      ({ events }) => {
        const row = events[at];
        if (row === undefined) return;
        events.splice(at, 0, { ...row });
        for (const [seq, each] of events.entries()) each.seq = renumber || seq <= at ? seq : each.seq + 1;
      },
  ),
  fc.tuple(place, fc.nat(4), place).map(
    ([at, which, from]): Move =>
      ({ checkpoints }, sources) => {
        const [row, other] = [checkpoints[at], sources[which]?.checkpoints[from]];
        if (row !== undefined && other !== undefined) row.note = other.note;
      },
  ),
  fc.tuple(place, fc.integer({ min: -1, max: 14 })).map(
    ([at, size]): Move =>
      ({ checkpoints }) => {
        const row = checkpoints[at];
        if (row !== undefined && checkpoints.every((each) => each.size !== size)) row.size = size;
      },
  ),
  place.map(
    (at): Move =>
      ({ checkpoints }) =>
        void checkpoints.splice(at, 1),
  ),
  fc.tuple(place, fc.nat(4), fc.integer({ min: -1, max: 14 })).map(
    ([at, which, size]): Move =>
      ({ checkpoints }, sources) => {
        const row = sources[which]?.checkpoints[at];
        if (row !== undefined && checkpoints.every((each) => each.size !== size)) checkpoints.push({ ...row, size });
      },
  ),
  // A whole other log, as one table or all of them.
  fc.tuple(fc.nat(4), fc.subarray(['events', 'checkpoints', 'range'] as const, { minLength: 1 })).map(
    ([which, tables]): Move =>
      (log, sources) => {
        const other = sources[which];
        if (other !== undefined) for (const table of tables) Object.assign(log, { [table]: copy(other)[table] });
      },
  ),
  fc.nat(3).map(
    (which): Move =>
      (log, sources) =>
        void (log.range = sources[which]?.range ?? log.range),
  ),
);

function copy(log: TestLog): TestLog {
  return {
    events: log.events.map((row) => ({ ...row })),
    checkpoints: log.checkpoints.map((row) => ({ ...row })),
    range: { ...log.range },
  };
}

/** Everything that the log says, in the order in which a database gives it. */
function content(log: TestLog): string {
  const { events, checkpoints, range } = stored(log);
  return JSON.stringify([[...events], [...checkpoints], range]);
}

describe('a log with a saved checkpoint', () => {
  it('verifies after any moves of an attacker exactly when they left it as it was', () => {
    const commits = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });
    let undetectable = 0;
    fc.assert(
      fc.property(commits, fc.array(moves, { minLength: 1, maxLength: 4 }), (sizes, attack) => {
        const original = makeLog(sizes, signer);
        const sources = [
          original,
          makeLog(sizes, signer, 'another history'),
          makeLog(sizes.slice(0, -1), signer),
          makeLog(sizes, signerNumber(2), 'forged'),
          makeLog(sizes, impostor),
        ];
        const log = copy(original);
        for (const move of attack) move(log, sources);
        const { ok } = verifyLog(stored(log), verifier, [{ label: 'saved', note: lastNote(original) }]);
        const same = content(log) === content(original);
        assert.equal(ok, same);
        if (same) undetectable += 1;
      }),
      { numRuns: 600 },
    );
    // Otherwise the moves would say nothing.
    assert.ok(undetectable < 300, `${undetectable} attacks changed nothing`);
  });
});
