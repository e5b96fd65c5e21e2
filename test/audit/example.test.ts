import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { verifierText } from '../../src/audit/note.ts';
import { makeProof } from '../../src/audit/proof.ts';
import { lastNote, makeLog, signerNumber, verifierOf } from './support.ts';

const script = fileURLToPath(new URL('../../examples/check-proof.mjs', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'everbind-proof-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const signer = signerNumber(1);
const log = makeLog([1, 3, 2, 1, 4], signer, 'Bücherstube');

function proof(index: number): Record<string, unknown> {
  const { format, ...parts } = makeProof({
    event: String(log.events[index]?.event),
    index,
    checkpoint: lastNote(log),
    verifier: verifierOf(signer),
    leafHashes: ({ start, end }) => log.events.slice(start, end).map(({ leafHash }) => leafHash),
  });
  return { format, ...parts };
}

/** What the example says about a proof, with this key. */
function check(value: unknown, key = verifierText(signer)): { readonly status: number | null; readonly said: string } {
  const file = join(folder, 'proof.json');
  writeFileSync(file, JSON.stringify(value));
  const { status, stdout, stderr } = spawnSync(process.execPath, [script, file, key], { encoding: 'utf8' });
  return { status, said: status === 0 ? stdout : stderr };
}

// A second implementation, made from the specifications alone: what it accepts, others accept too.
describe('the example that checks proofs without Everbind', () => {
  it('accepts what is proved', () => {
    for (const index of [0, 6, 10]) {
      const { status, said } = check(proof(index));
      assert.equal(status, 0, said);
      assert.match(said, new RegExp(`^event ${index} of 11 of log.everbind.test:`));
      assert.match(said, /Bücherstube/);
    }
  });

  it('refuses everything else', () => {
    const good = proof(6);
    const cases: readonly (readonly [unknown, RegExp, string?])[] = [
      [{ ...good, event: String(good['event']).replace('s6', 's7') }, /not in the log/],
      [{ ...good, index: 5 }, /not in the log|path is too/],
      [{ ...good, index: 11 }, /does not cover/],
      [{ ...good, path: [] }, /too short/],
      [{ ...good, path: [...(good['path'] as string[]), ...(good['path'] as string[])] }, /too long/],
      [{ ...good, checkpoint: String(good['checkpoint']).replace('\n11\n', '\n12\n') }, /signature is wrong/],
      [good, /another key/, verifierText(signerNumber(2))],
      [good, /does not fit/, verifierText(signer).replace('+', '+0')],
    ];
    for (const [value, reason, key] of cases) {
      const { status, said } = check(value, key);
      assert.notEqual(status, 0);
      assert.match(said, reason);
    }
  });
});
