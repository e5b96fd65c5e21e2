import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkProof, type EventProof, makeProof, parseProof, tlogProof } from '../../src/audit/proof.ts';
import { verifierText } from '../../src/audit/note.ts';
import { lastNote, makeLog, signerNumber, type TestLog, verifierOf } from './support.ts';

const signer = signerNumber(1);
const verifier = verifierOf(signer);
const log = makeLog([1, 3, 2, 1, 4, 2, 5], signer);

function prove(index: number, from: TestLog = log): EventProof {
  return makeProof({
    event: String(from.events[index]?.event),
    index,
    checkpoint: lastNote(from),
    verifier,
    leafHashes: ({ start, end }) => from.events.slice(start, end).map(({ leafHash }) => leafHash),
  });
}

/** Whether the proof is accepted, as text, with the known key. */
function accepted(proof: unknown): boolean {
  try {
    checkProof(parseProof(JSON.stringify(proof)), verifier);
    return true;
  } catch (error) {
    assert.match((error as { code: string }).code, /^AUDIT_(PROOF_INVALID|NOTE_MALFORMED|CHECKPOINT_FORGED)$/);
    return false;
  }
}

describe('a proof', () => {
  it('of every event holds without the log', () => {
    for (let index = 0; index < log.events.length; index += 1) {
      const { event, checkpoint, keyGiven } = checkProof(parseProof(JSON.stringify(prove(index))), verifier);
      assert.deepEqual([event.seq, event.subject, checkpoint.size, keyGiven], [index, `s${index}`, 18, true]);
    }
  });

  it('that brings its own key is told apart', () => {
    assert.equal(checkProof(prove(3), null).keyGiven, false);
    const forged = makeLog([18], signerNumber(2), 'forged');
    const proof = { ...prove(3), checkpoint: lastNote(forged), verifier: verifierText(signerNumber(2)) };
    assert.throws(() => checkProof(proof, verifier), { code: 'AUDIT_PROOF_INVALID' });
    assert.throws(() => checkProof({ ...prove(3), verifier: 'x' }, null), { code: 'AUDIT_KEY_INVALID' });
  });

  it('does not hold when any character of it is changed', () => {
    const text = JSON.stringify(prove(6));
    const letters = fc.constantFrom('a', 'Z', '0', '9', '+', '/', '=', ',', ':', '"', '\\', ' ', '\u2014');
    fc.assert(
      fc.property(fc.nat(text.length - 1), letters, (at, letter) => {
        fc.pre(text[at] !== letter);
        const changed = text.slice(0, at) + letter + text.slice(at + 1);
        let value: unknown;
        try {
          value = parseProof(changed);
        } catch {
          return;
        }
        // Another way to write the same JSON is the same proof.
        if (JSON.stringify(value) !== text) assert.equal(accepted(value), false, changed);
      }),
      { numRuns: 2000 },
    );
  });

  it('does not hold with parts of others', () => {
    const [one, other] = [prove(6), prove(7)];
    const elsewhere = makeLog([18], signer, 'elsewhere');
    for (const part of ['event', 'index', 'path'] as const) {
      assert.equal(accepted({ ...one, [part]: other[part] }), false, part);
    }
    assert.equal(accepted({ ...one, checkpoint: lastNote(elsewhere) }), false);
    assert.equal(accepted({ ...one, path: one.path.toReversed() }), false);
    assert.equal(accepted({ ...one, extra: 1 }), false);
    assert.equal(accepted({ ...one, format: 'everbind-audit-proof/2' }), false);
    for (const value of [null, 1, 'text', [], {}]) assert.equal(accepted(value), false);
    assert.throws(() => parseProof('{'), { code: 'AUDIT_PROOF_INVALID' });
    assert.throws(() => parseProof(' '.repeat(17 * 1024 * 1024)), { code: 'AUDIT_PROOF_INVALID' });
  });

  it('is not made of a log that does not bear it out', () => {
    const changed = makeLog([1, 3, 2, 1, 4, 2, 5], signer);
    const row = changed.events[2];
    assert.ok(row);
    row.leafHash = Buffer.alloc(32);
    // The path of event 2 does not go over its own hash: its proof is as good as ever.
    assert.ok(prove(2, changed));
    for (const index of [3, 17]) assert.throws(() => prove(index, changed), { code: 'AUDIT_PROOF_INVALID' });
    const short = { ...changed, checkpoints: changed.checkpoints.slice(0, 2) };
    assert.throws(() => prove(9, short), { code: 'AUDIT_PROOF_INVALID' });
  });

  it('has the form of C2SP tlog-proof as well', () => {
    const proof = prove(6);
    const lines = tlogProof(proof).split('\n');
    assert.deepEqual(lines.slice(0, 2), ['c2sp.org/tlog-proof@v1', 'index 6']);
    assert.deepEqual(lines.slice(2, 2 + proof.path.length), proof.path);
    assert.equal(lines.slice(3 + proof.path.length).join('\n'), proof.checkpoint);
  });
});
