import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { signCheckpoint } from '../../src/audit/checkpoint.ts';
import { encodeEvent } from '../../src/audit/event.ts';
import { append, type CompactRange, EMPTY_RANGE, leafHash, rangeRoot } from '../../src/audit/merkle.ts';
import { createVerifier, type Verifier } from '../../src/audit/note.ts';
import type { StoredLog } from '../../src/audit/verify-log.ts';
import type { CheckpointSigner } from '../../src/ports/checkpoint-signer.ts';

/** A signer whose key is made from a number. */
export function signerNumber(number: number, name = 'log.everbind.test'): CheckpointSigner {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, number)]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ type: 'spki', format: 'der' }).subarray(12);
  return { name, publicKey, sign: (data) => sign(null, data, key) };
}

export function verifierOf({ name, publicKey }: CheckpointSigner): Verifier {
  return createVerifier(name, publicKey);
}

/** A log in memory that a test can change. */
export interface TestLog {
  events: { seq: number; event: Buffer; leafHash: Buffer }[];
  checkpoints: { size: number; note: Buffer }[];
  range: { size: number; hashes: Buffer };
}

/** A log with commits of these sizes. `mark` goes into every event, so that two logs differ. */
export function makeLog(commits: readonly number[], signer: CheckpointSigner, mark = ''): TestLog {
  let range: CompactRange = EMPTY_RANGE;
  const log: TestLog = { events: [], checkpoints: [], range: { size: 0, hashes: Buffer.alloc(0) } };
  for (const count of commits) {
    const commit = range.size;
    for (let each = 0; each < count; each += 1) {
      const seq = range.size;
      const event = Buffer.from(
        encodeEvent({ type: 'test.event', subject: `s${seq}`, data: { mark } }, { seq, commit, time: seq * 1000 }),
      );
      log.events.push({ seq, event, leafHash: leafHash(event) });
      range = append(range, leafHash(event));
    }
    log.checkpoints.push({ size: range.size, note: Buffer.from(signCheckpoint(range.size, rangeRoot(range), signer)) });
  }
  log.range = { size: range.size, hashes: Buffer.concat(range.hashes) };
  return log;
}

/** The checkpoint that the log ends with. */
export function lastNote({ checkpoints }: TestLog): string {
  return checkpoints.at(-1)?.note.toString() ?? '';
}

/** As a database gives it: rows in the order of their numbers. */
export function stored(log: TestLog): StoredLog {
  return {
    events: log.events.toSorted((one, other) => one.seq - other.seq),
    checkpoints: log.checkpoints.toSorted((one, other) => one.size - other.size),
    range: log.range,
  };
}
