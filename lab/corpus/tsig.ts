import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { decodeMessage } from '../../src/dns/wire/message.ts';
import { signMessage, TSIG_ALGORITHMS, type TsigKey, verifyMessage } from '../../src/dns/wire/tsig.ts';
import { EverbindError } from '../../src/errors/error.ts';
import type { CorpusCase } from './main.ts';

interface Vector {
  readonly name: string;
  readonly keyname: string;
  readonly algorithm: string;
  readonly secret_b64: string;
  /** Seconds since 1970. */
  readonly time_signed: number;
  readonly fudge: number;
  readonly wire_hex: string;
}

/**
 * Signed messages of other implementations: they verify, nothing else does, and we would have signed them octet by
 * octet the same.
 */
export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const text = await readFile(join(corpus, 'vectors', 'tsig', 'tsig.dev.json'), 'utf8');
  for (const vector of JSON.parse(text) as readonly Vector[]) {
    yield { name: vector.name, run: () => checkVector(vector) };
  }
}

function checkVector(vector: Vector): void {
  const wire = Uint8Array.from(Buffer.from(vector.wire_hex, 'hex'));
  const algorithm = TSIG_ALGORITHMS.find((known) => `${known}.` === vector.algorithm);
  const key: TsigKey = {
    name: vector.keyname.slice(0, -1).toLowerCase(),
    algorithm: algorithm ?? 'hmac-sha256',
    secret: Buffer.from(vector.secret_b64, 'base64'),
  };
  const at = vector.time_signed * 1000;
  if (algorithm === undefined) {
    // Too weak to be used: whoever signs by it is not believed.
    assert.equal(
      reasonOf(() => verifyMessage(wire, key, at)),
      'wrong-key',
    );
    return;
  }
  for (const seconds of [0, vector.fudge, -vector.fudge]) verifyMessage(wire, key, at + seconds * 1000);
  for (const seconds of [vector.fudge + 1, -vector.fudge - 1]) {
    assert.equal(
      reasonOf(() => verifyMessage(wire, key, at + seconds * 1000)),
      'bad-time',
    );
  }
  // Without the id: a server that forwards a message may change it (RFC 8945 section 4.3.1), so the signature covers
  // the original one.
  for (let index = 2; index < wire.length; index += 1) {
    const changed = Uint8Array.from(wire);
    changed[index] = (changed[index] ?? 0) ^ 0x80;
    assert.throws(() => verifyMessage(changed, key, at), EverbindError, `octet ${index} changed`);
  }
  const signature = decodeMessage(wire).additional.at(-1);
  assert.ok(signature !== undefined);
  const unsigned = Buffer.from(wire.subarray(0, signature.start));
  unsigned.writeUInt16BE(unsigned.readUInt16BE(10) - 1, 10);
  const ours = signMessage(unsigned, key, at, vector.fudge);
  // The name of the key is written in lower case, whatever the vector has, and signed so by all.
  assert.equal(lowerCase(ours.octets), lowerCase(wire));
}

function lowerCase(octets: Uint8Array): string {
  return Buffer.from(octets).toString('latin1').toLowerCase();
}

function reasonOf(work: () => void): unknown {
  try {
    work();
  } catch (error) {
    if (error instanceof EverbindError) return error.details['reason'];
    throw error;
  }
  return null;
}
