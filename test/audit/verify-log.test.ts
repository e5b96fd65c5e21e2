import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { signCheckpoint } from '../../src/audit/checkpoint.ts';
import type { LogReport } from '../../src/audit/log-report.ts';
import { append, type CompactRange, EMPTY_RANGE, leafHash, rangeRoot } from '../../src/audit/merkle.ts';
import type { SavedCheckpoint } from '../../src/audit/saved-checkpoints.ts';
import { verifyLog } from '../../src/audit/verify-log.ts';
import { lastNote, makeLog, signerNumber, stored, type TestLog, verifierOf } from './support.ts';

const signer = signerNumber(1);
const verifier = verifierOf(signer);
const COMMITS = [1, 3, 2, 1, 4];

function verify(log: TestLog, saved: readonly SavedCheckpoint[] = []): LogReport {
  return verifyLog(stored(log), verifier, saved);
}

/** Code and range of the findings. */
function found(report: LogReport): (readonly [string, number | null, number | null])[] {
  return report.findings.map(({ code, first, last }) => [code, first, last] as const);
}

/** The event with another subject, in canonical form. */
function altered(event: Buffer): Buffer {
  return Buffer.from(event.toString().replace('"subject":"s', '"subject":"x'));
}

/** Stored hashes, state of the tree, and checkpoints where `resign` says so, made to fit the events as they are. */
function refit(log: TestLog, resign: ((size: number) => boolean) | null = null, key = signer): void {
  let range: CompactRange = EMPTY_RANGE;
  const ends = new Map<number, CompactRange>();
  for (const row of log.events) {
    row.leafHash = leafHash(row.event);
    range = append(range, row.leafHash);
    ends.set(range.size, range);
  }
  log.range = { size: range.size, hashes: Buffer.concat(range.hashes) };
  for (const row of log.checkpoints) {
    const end = ends.get(row.size);
    if (end !== undefined && resign?.(row.size) === true)
      row.note = Buffer.from(signCheckpoint(row.size, rangeRoot(end), key));
  }
}

describe('a log', () => {
  it('as it was written verifies, with any saved checkpoint of its own', () => {
    const log = makeLog(COMMITS, signer);
    const report = verify(
      log,
      log.checkpoints.map(({ size, note }) => ({ label: String(size), note })),
    );
    assert.deepEqual(report.findings, []);
    assert.deepEqual(
      [report.ok, report.size, report.checkpoint, report.confirmed],
      [true, 11, lastNote(log), ['1', '4', '6', '7', '11']],
    );
    assert.deepEqual(found(verify(makeLog([], signer))), []);
    assert.equal(verify(makeLog([], signer)).checkpoint, null);
  });

  it('of any shape verifies', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 6 }), { maxLength: 12 }), (commits) => {
        assert.deepEqual(verify(makeLog(commits, signer)).findings, []);
      }),
      { numRuns: 30 },
    );
  });
});

describe('a changed event', () => {
  it('is named, wherever it stands', () => {
    for (let at = 0; at < 11; at += 1) {
      const log = makeLog(COMMITS, signer);
      const row = log.events[at];
      assert.ok(row);
      row.event = altered(row.event);
      assert.deepEqual(found(verify(log)), [['AUDIT_EVENT_CHANGED', at, at]]);
    }
  });

  it('is found in its commit when the stored hashes and the tree were made to fit', () => {
    const log = makeLog(COMMITS, signer);
    const row = log.events[5];
    assert.ok(row);
    row.event = altered(row.event);
    refit(log);
    assert.deepEqual(found(verify(log)), [['AUDIT_EVENT_CHANGED', 4, 5]]);
  });

  it('is found when every checkpoint was signed anew with another key', () => {
    const log = makeLog(COMMITS, signer);
    const row = log.events[5];
    assert.ok(row);
    row.event = altered(row.event);
    refit(log, () => true, signerNumber(2));
    assert.deepEqual(new Set(verify(log).findings.map(({ code }) => code)), new Set(['AUDIT_CHECKPOINT_FORGED']));
  });

  it("is found by a saved checkpoint when even the log's own key signed the forgery", () => {
    const log = makeLog(COMMITS, signer);
    const saved = { label: 'saved', note: log.checkpoints[3]?.note ?? '' };
    const row = log.events[5];
    assert.ok(row);
    row.event = altered(row.event);
    refit(log, () => true);
    assert.deepEqual(verify(log).findings, []);
    assert.deepEqual(found(verify(log, [saved])), [['AUDIT_CHECKPOINT_INCONSISTENT', 0, 6]]);
  });

  it('and others are named in one go', () => {
    const log = makeLog(COMMITS, signer);
    for (const at of [2, 9]) {
      const row = log.events[at];
      assert.ok(row);
      row.event = altered(row.event);
    }
    assert.deepEqual(found(verify(log, [{ label: 'saved', note: lastNote(log) }])), [
      ['AUDIT_EVENT_CHANGED', 2, 2],
      ['AUDIT_EVENT_CHANGED', 9, 9],
    ]);
  });

  it('that is no event, no text or no UTF-8 any more is one as well', () => {
    for (const event of [Buffer.from('{}'), Buffer.alloc(0), Buffer.from([0xff, 0xfe]), null]) {
      const log = makeLog(COMMITS, signer);
      const row = log.events[4];
      assert.ok(row);
      row.event = event as Buffer;
      assert.equal(verify(log).findings[0]?.code, 'AUDIT_EVENT_CHANGED');
      assert.equal(verify(log).findings[0]?.first, 4);
    }
  });
});

describe('a changed hash', () => {
  it('is told from a changed event', () => {
    for (const hash of [Buffer.alloc(32), Buffer.alloc(31), Buffer.alloc(0), null]) {
      const log = makeLog(COMMITS, signer);
      const row = log.events[8];
      assert.ok(row);
      row.leafHash = hash as Buffer;
      assert.deepEqual(found(verify(log)), [['AUDIT_HASH_CHANGED', 8, 8]]);
    }
  });
});

describe('a removed event', () => {
  it('is found, wherever it stood', () => {
    for (let at = 0; at < 10; at += 1) {
      const log = makeLog(COMMITS, signer);
      log.events.splice(at, 1);
      assert.deepEqual(found(verify(log))[0], ['AUDIT_EVENT_MISSING', at, at]);
    }
    const log = makeLog(COMMITS, signer);
    log.events.pop();
    assert.deepEqual(found(verify(log))[0], ['AUDIT_TRUNCATED', 10, 10]);
  });

  it('is found when the others moved up', () => {
    const log = makeLog(COMMITS, signer);
    log.events.splice(2, 1);
    for (const [seq, row] of log.events.entries()) row.seq = seq;
    refit(log);
    assert.deepEqual(found(verify(log)).slice(0, 2), [
      ['AUDIT_EVENT_CHANGED', 1, 3],
      ['AUDIT_EVENT_REORDERED', 2, 2],
    ]);
  });

  it('is found when the others moved up and were renumbered inside', () => {
    const log = makeLog(COMMITS, signer);
    log.events.splice(5, 1);
    for (const [seq, row] of log.events.entries()) {
      row.seq = seq;
      row.event = Buffer.from(row.event.toString().replace(/"seq":\d+/, `"seq":${seq}`));
    }
    refit(log);
    const [first] = found(verify(log));
    assert.ok(first);
    assert.match(first[0], /^AUDIT_EVENT_(CHANGED|REORDERED)$/);
    assert.ok(first[1] === 4 || first[1] === 5);
  });
});

describe('an inserted event', () => {
  it('at the end is covered by no checkpoint', () => {
    const log = makeLog(COMMITS, signer);
    const forged = makeLog([...COMMITS, 1], signer);
    log.events = forged.events;
    log.range = forged.range;
    assert.deepEqual(found(verify(log))[0], ['AUDIT_EVENT_UNSIGNED', 11, 11]);
  });

  it('in between is found where it is', () => {
    const log = makeLog(COMMITS, signer);
    const row = log.events[6];
    assert.ok(row);
    log.events.splice(6, 0, { ...row, event: altered(row.event) });
    for (const [seq, each] of log.events.entries()) each.seq = seq;
    refit(log);
    assert.equal(verify(log).findings[0]?.first, 6);
  });

  it('with a number that is already there, or that no event has', () => {
    for (const seq of [3, -1, 0.5, 12, Number.NaN]) {
      const log = makeLog(COMMITS, signer);
      const row = log.events[3];
      assert.ok(row);
      log.events.push({ ...row, seq });
      assert.equal(verify(log).ok, false, String(seq));
    }
  });
});

describe('events out of order', () => {
  it('are found, with and without their hashes', () => {
    for (const hashesToo of [true, false]) {
      const log = makeLog(COMMITS, signer);
      const [one, other] = [log.events[1], log.events[9]];
      assert.ok(one && other);
      [one.event, other.event] = [other.event, one.event];
      if (hashesToo) [one.leafHash, other.leafHash] = [other.leafHash, one.leafHash];
      assert.deepEqual(found(verify(log))[0], [hashesToo ? 'AUDIT_EVENT_REORDERED' : 'AUDIT_EVENT_CHANGED', 1, 1]);
    }
  });
});

describe('a checkpoint', () => {
  it('that was changed anywhere is found', () => {
    const { length } = makeLog(COMMITS, signer).checkpoints[2]?.note ?? Buffer.alloc(0);
    for (let at = 0; at < length; at += 1) {
      const log = makeLog(COMMITS, signer);
      const note = log.checkpoints[2]?.note;
      note?.writeUInt8(note.readUInt8(at) ^ 1, at);
      assert.deepEqual(found(verify(log)), [['AUDIT_CHECKPOINT_FORGED', 5, 5]], `octet ${at}`);
    }
  });

  it('that was removed is found', () => {
    for (let at = 0; at < COMMITS.length; at += 1) {
      const log = makeLog(COMMITS, signer);
      const [removed] = log.checkpoints.splice(at, 1);
      const last = (removed?.size ?? 0) - 1;
      const expected =
        at < COMMITS.length - 1 ? ['AUDIT_CHECKPOINT_MISSING', last, last] : ['AUDIT_EVENT_UNSIGNED', 7, 10];
      assert.deepEqual(found(verify(log)), [expected]);
    }
  });

  it('that was moved, exchanged, doubled or added to is found', () => {
    const changes: ((log: TestLog) => void)[] = [
      ({ checkpoints: [one] }) => {
        if (one) one.size += 1;
      },
      ({ checkpoints: [one, two] }) => {
        if (one && two) [one.note, two.note] = [two.note, one.note];
      },
      ({ checkpoints }) => checkpoints.push({ size: 5, note: checkpoints[1]?.note ?? Buffer.alloc(0) }),
      ({ checkpoints }) => checkpoints.push({ size: 0, note: checkpoints[1]?.note ?? Buffer.alloc(0) }),
      ({ checkpoints }) => checkpoints.push({ size: -1, note: checkpoints[1]?.note ?? Buffer.alloc(0) }),
      ({ checkpoints }) => checkpoints.push({ size: 12, note: checkpoints[1]?.note ?? Buffer.alloc(0) }),
      ({ checkpoints: [one] }) => {
        const line = '\u2014 somebody.else AAAAAAAA\n';
        if (one) one.note = Buffer.concat([one.note, Buffer.from(line)]);
      },
    ];
    for (const [index, change] of changes.entries()) {
      const log = makeLog(COMMITS, signer);
      change(log);
      assert.equal(verify(log).ok, false, `change ${index}`);
    }
  });
});

describe('a log cut back to an earlier state as a whole', () => {
  const cut = (commits: number): TestLog => makeLog(COMMITS.slice(0, commits), signer);

  it('verifies by itself, which is why checkpoints are saved elsewhere', () => {
    assert.deepEqual(verify(cut(3)).findings, []);
  });

  it('is found by a checkpoint saved later', () => {
    const saved = [{ label: 'saved', note: lastNote(makeLog(COMMITS, signer)) }];
    assert.deepEqual(found(verify(cut(3), saved)), [['AUDIT_TRUNCATED', 6, 10]]);
    assert.deepEqual(found(verify(cut(0), saved)), [['AUDIT_TRUNCATED', 0, 10]]);
  });

  it('and continued otherwise is found as well', () => {
    const log = makeLog(COMMITS, signer);
    const forked = makeLog([...COMMITS.slice(0, 3), 8], signer, 'fork');
    const saved = [{ label: 'saved', note: lastNote(log) }];
    assert.deepEqual(found(verify(forked, saved)), [['AUDIT_CHECKPOINT_INCONSISTENT', 0, 10]]);
  });

  it('is found when only the events are gone', () => {
    const log = makeLog(COMMITS, signer);
    log.events.splice(7);
    assert.deepEqual(found(verify(log))[0], ['AUDIT_TRUNCATED', 7, 10]);
  });
});

describe('a saved checkpoint', () => {
  it('that is none of this log is told, and does not stop the others', () => {
    const log = makeLog(COMMITS, signer);
    const saved = [
      { label: 'garbage', note: 'garbage' },
      { label: 'foreign', note: lastNote(makeLog(COMMITS, signerNumber(2))) },
      { label: 'ours', note: Buffer.from(lastNote(log)) },
    ];
    const report = verify(log, saved);
    assert.deepEqual(found(report), [
      ['AUDIT_NOTE_MALFORMED', null, null],
      ['AUDIT_CHECKPOINT_FORGED', null, null],
    ]);
    assert.deepEqual(report.confirmed, ['ours']);
  });
});

describe('the stored state of the tree', () => {
  it('that was changed or removed is found', () => {
    for (const range of [
      { size: 10, hashes: Buffer.alloc(0) },
      { size: 11, hashes: Buffer.alloc(96) },
      { size: 11, hashes: null as never },
      null as never,
    ]) {
      const log = makeLog(COMMITS, signer);
      log.range = range;
      assert.deepEqual(found(verify(log)), [['AUDIT_TREE_CHANGED', 11, 11]]);
    }
  });
});

describe('the report', () => {
  it('is bounded', () => {
    const log = makeLog([300], signer);
    for (const row of log.events) row.event = altered(row.event);
    const report = verify(log);
    assert.equal(report.findings.length, 100);
    assert.equal(report.more, 200);
  });
});
