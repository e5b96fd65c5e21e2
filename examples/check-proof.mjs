// Checks an inclusion proof from `everbind audit prove` without Everbind: node check-proof.mjs PROOF.json KEY
// KEY is what `everbind audit key` printed when the log was new: name+hash+base64. Needs nothing but Node.
import assert from 'node:assert/strict';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { readFileSync } from 'node:fs';

const [file, vkey] = process.argv.slice(2);
const { event, index, path, checkpoint } = JSON.parse(readFileSync(file, 'utf8'));
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts.map((part) => Buffer.from(part)))).digest();

// The key (C2SP signed-note): name + first four octets of SHA-256(name, newline, 0x01, key) + base64(0x01, key).
const [name, hash, ...rest] = vkey.split('+');
const key = Buffer.from(rest.join('+'), 'base64');
assert.equal(key[0], 1, 'not an Ed25519 key');
assert.equal(sha256(`${name}\n`, key).toString('hex', 0, 4), hash, 'the key does not fit its hash');

// The checkpoint: a text, an empty line, signature lines. A signature begins with the hash of its key.
const split = checkpoint.lastIndexOf('\n\n');
const text = checkpoint.slice(0, split + 1);
const line = checkpoint.slice(split + 2).split('\n').find((each) => each.startsWith(`— ${name} `));
const signature = Buffer.from(line.split(' ')[2], 'base64');
assert.equal(signature.toString('hex', 0, 4), hash, 'signed with another key');
const spki = Buffer.concat([Buffer.from('302a300506032b6570032100', 'hex'), key.subarray(1)]);
const publicKey = createPublicKey({ key: spki, format: 'der', type: 'spki' });
assert.ok(verify(null, Buffer.from(text), publicKey, signature.subarray(4)), 'the signature is wrong');

// Its text (C2SP tlog-checkpoint): the log, the number of events, the root of their Merkle tree.
const [origin, size, root] = text.split('\n');
assert.equal(origin, name, 'a checkpoint of another log');

// The path from the event to the root (RFC 9162 section 2.1.3.2).
assert.ok(Number.isInteger(index) && index >= 0 && index < Number(size), 'the checkpoint does not cover the event');
let [node, last, up] = [index, Number(size) - 1, sha256([0], event)];
for (const sibling of path.map((each) => Buffer.from(each, 'base64'))) {
  assert.notEqual(last, 0, 'the path is too long');
  if (node % 2 === 1 || node === last) {
    up = sha256([1], sibling, up);
    while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, Math.floor(last / 2)];
  } else {
    up = sha256([1], up, sibling);
  }
  [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
}
assert.equal(last, 0, 'the path is too short');
assert.equal(up.toString('base64'), root, 'the event is not in the log');
assert.equal(JSON.parse(event).seq, index, 'the event has another number');

console.log(`event ${index} of ${size} of ${origin}:\n${event}`);
