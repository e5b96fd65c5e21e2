import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signCheckpoint } from '../../src/audit/checkpoint.ts';
import { checkContinuation, makeContinuation } from '../../src/audit/continuation.ts';
import { EMPTY_RANGE, rangeRoot } from '../../src/audit/merkle.ts';
import { lastNote, makeLog, signerNumber, type TestLog, verifierOf } from './support.ts';

const signer = signerNumber(1);
const verifier = verifierOf(signer);
const COMMITS = [1, 3, 2, 1, 4, 9];
const log = makeLog(COMMITS, signer);

function note(commits: number, from: TestLog = log): string {
  return from.checkpoints[commits - 1]?.note.toString() ?? '';
}

function make(saved: string, from: TestLog = log, checkpoint = lastNote(from)): string {
  return makeContinuation(saved, checkpoint, verifier, ({ start, end }) =>
    from.events.slice(start, end).map(({ leafHash }) => leafHash),
  );
}

describe('a proof that a log continues', () => {
  it('holds from every saved checkpoint to every later one', () => {
    for (let from = 1; from <= COMMITS.length; from += 1) {
      for (let to = from; to <= COMMITS.length; to += 1) {
        const proof = make(note(from), log, note(to));
        assert.equal(checkContinuation(proof, note(from), verifier).size, log.checkpoints[to - 1]?.size);
      }
    }
  });

  it('has the form that witnesses take', () => {
    const [old, ...rest] = make(note(2)).split('\n');
    assert.equal(old, 'old 4');
    const end = rest.indexOf('');
    for (const line of rest.slice(0, end)) assert.match(line, /^[A-Za-z0-9+/]{43}=$/);
    assert.equal(rest.slice(end + 1).join('\n'), lastNote(log));
    const empty = signCheckpoint(0, rangeRoot(EMPTY_RANGE), signer);
    assert.equal(make(empty), `old 0\n\n${lastNote(log)}`);
    assert.equal(checkContinuation(make(empty), empty, verifier).size, 20);
  });

  it('is not made of a log that is shorter or another', () => {
    assert.throws(() => make(note(5), log, note(4)), { code: 'AUDIT_TRUNCATED' });
    assert.throws(() => make(note(4), makeLog(COMMITS, signer, 'other')), { code: 'AUDIT_CHECKPOINT_INCONSISTENT' });
    assert.throws(() => make(lastNote(log), makeLog(COMMITS, signer, 'other')), {
      code: 'AUDIT_CHECKPOINT_INCONSISTENT',
    });
    assert.throws(() => make(note(4, makeLog(COMMITS, signerNumber(2)))), { code: 'AUDIT_CHECKPOINT_FORGED' });
  });

  it('does not hold when a line is changed, missing or too much, nor for another checkpoint', () => {
    const saved = note(3);
    const proof = make(saved);
    const lines = proof.split('\n');
    const refused = (text: string, earlier = saved): void => {
      assert.throws(() => checkContinuation(text, earlier, verifier), /^EverbindError/, text);
    };
    for (let at = 0; at < lines.length - 1; at += 1) {
      refused(lines.toSpliced(at, 1).join('\n'));
      refused(lines.toSpliced(at, 0, lines[1] ?? '').join('\n'));
      refused(lines.with(at, `${lines[at]}x`).join('\n'));
    }
    refused(proof, note(2));
    refused(make(note(2)));
    refused(make(saved, makeLog(COMMITS, signer)).replace(/\n\n[^]*$/, `\n\n${note(4)}`));
    refused(`old 6\n${`${Buffer.alloc(32).toString('base64')}\n`.repeat(64)}\n${lastNote(log)}`);
    refused('');
    refused('\n\n');
  });
});
