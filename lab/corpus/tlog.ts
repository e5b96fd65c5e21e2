import assert from 'node:assert/strict';
import { createPrivateKey, sign } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { verifyConsistency, verifySubtree } from '../../src/audit/consistency.ts';
import { verifyInclusion } from '../../src/audit/inclusion.ts';
import { openNote, parseVerifier, signNote, verifierText } from '../../src/audit/note.ts';
import type { CorpusCase } from './main.ts';

// Merkle proofs and signed notes of other people's transparency logs.

interface ProofCase {
  readonly file: string;
  readonly wantErr: boolean;
  readonly proof: readonly string[] | null;
}

interface Inclusion extends ProofCase {
  readonly leafIdx: number;
  readonly leafHash: string;
  readonly root: string;
}

interface Consistency extends ProofCase {
  readonly root1: string;
  readonly root2: string;
}

interface MerkleVectors {
  readonly inclusion: readonly (Inclusion & { readonly treeSize: number })[];
  readonly consistency: readonly (Consistency & { readonly size1: number; readonly size2: number })[];
  readonly subtreeinclusion: readonly (Inclusion & { readonly start: number; readonly end: number })[];
  readonly subtreeconsistency: readonly (Consistency & {
    readonly start: number;
    readonly end: number;
    readonly size: number;
  })[];
}

interface NoteVectors {
  readonly skey: string;
  readonly vkeys: Readonly<Record<string, string>>;
  readonly text: string;
  readonly note_peter: string;
  readonly note_both: string;
  readonly bad_vkeys: readonly string[];
}

export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const folder = path.join(corpus, 'vectors', 'tlog');
  const read = async (file: string): Promise<unknown> => JSON.parse(await readFile(path.join(folder, file), 'utf8'));
  yield* merkleCases((await read('merkle-rfc6962.dev.json')) as MerkleVectors);
  yield* noteCases((await read('signed-note.json')) as NoteVectors);
  yield* specificationCases(folder);
}

function* merkleCases(vectors: MerkleVectors): Iterable<CorpusCase> {
  const check = ({ file, wantErr }: ProofCase, accepted: () => boolean): CorpusCase => ({
    name: file,
    run: () => assert.equal(accepted(), !wantErr),
  });
  for (const vector of vectors.inclusion) {
    const { leafIdx, treeSize } = vector;
    yield check(vector, () => inclusion(vector, leafIdx, treeSize));
  }
  for (const vector of vectors.consistency) {
    const { size1, size2, root1, root2 } = vector;
    yield check(vector, () => verifyConsistency(size1, size2, hashes(vector), bytes(root1), bytes(root2)));
  }
  for (const vector of vectors.subtreeinclusion) {
    const { leafIdx, start, end } = vector;
    yield check(vector, () => isAligned(start, end) && inclusion(vector, leafIdx - start, end - start));
  }
  for (const vector of vectors.subtreeconsistency) {
    const { size, root1, root2 } = vector;
    yield check(vector, () => verifySubtree(vector, size, hashes(vector), bytes(root1), bytes(root2)));
  }
}

function inclusion(vector: Inclusion, index: number, size: number): boolean {
  return verifyInclusion(index, size, bytes(vector.leafHash), hashes(vector), bytes(vector.root));
}

/** Which ranges are subtrees is the verifier's to check; the log itself only ever has the whole tree. */
function isAligned(start: number, end: number): boolean {
  const width = 2 ** Math.ceil(Math.log2(Math.max(1, end - start)));
  return start % width === 0;
}

function* noteCases(vectors: NoteVectors): Iterable<CorpusCase> {
  const peter = parseVerifier(vectors.vkeys['PeterNeumann'] ?? '');
  const enoch = parseVerifier(vectors.vkeys['EnochRoot'] ?? '');
  const signature = vectors.note_peter.slice(vectors.text.length + 1);
  const { text } = vectors;
  for (const [name, vkey] of Object.entries(vectors.vkeys)) {
    yield { name: `vkey ${name}`, run: () => assert.equal(verifierText(parseVerifier(vkey)), vkey) };
    yield* manglings(`vkey ${name}`, vkey, (mangled) => parseVerifier(mangled));
  }
  for (const vkey of vectors.bad_vkeys) {
    yield { name: `bad vkey ${vkey}`, run: () => refused(() => parseVerifier(vkey)) };
  }
  yield {
    name: 'sign',
    run: () => {
      const signer = { name: 'PeterNeumann', publicKey: peter.publicKey, sign: signWith(vectors.skey) };
      assert.equal(signNote(text, signer), vectors.note_peter);
    },
  };
  yield { name: 'one signature', run: () => assert.equal(openNote(vectors.note_peter, peter), text) };
  yield { name: 'two, the first known', run: () => assert.equal(openNote(vectors.note_both, peter), text) };
  yield { name: 'two, the second known', run: () => assert.equal(openNote(vectors.note_both, enoch), text) };
  yield { name: 'none known', run: () => refused(() => openNote(vectors.note_peter, enoch)) };
  const bad: Readonly<Record<string, string | Uint8Array>> = {
    'text alone': text,
    'text and empty line': `${text}\n`,
    'no newline at the end': `${text}\n${signature.slice(0, -1)}`,
    'control character': `\u0001${text}\n${signature}`,
    'not UTF-8': Buffer.concat([Uint8Array.of(0xff), Buffer.from(vectors.note_peter)]),
    'space in a key name': `${text}\n${signature.replace('PeterNeumann', 'Bad Name')}`,
    'line that is no signature': `${vectors.note_peter}Unexpected line.\n`,
    'more signatures than the limit': `${text}\n${signature.repeat(101)}`,
    'longer signature': `${text}\n${signature.slice(0, 60)}ABCD${signature.slice(60)}`,
    'name of another key': `${text}\n${signature.replace('PeterNeumann', 'CarmenSandiego')}`,
    'id of another key': `${text}\n${signature.replace('x08g', 'xxxx')}`,
  };
  for (const [name, note] of Object.entries(bad)) yield { name, run: () => refused(() => openNote(note, peter)) };
  yield* manglings('note', vectors.note_peter, (mangled) => openNote(mangled, peter));
}

/** The examples in the specifications' own text. */
async function* specificationCases(folder: string): AsyncIterable<CorpusCase> {
  const specification = await readFile(path.join(folder, 'C2SP-signed-note.md'), 'utf8');
  const vkey = /^ {4}(example\.com\/foo\+\S+)$/mu.exec(specification)?.[1] ?? '';
  const note = /```\n(This is an example message\.[^`]+)```/u.exec(specification)?.[1] ?? '';
  yield {
    name: 'example of the specification',
    run: () => assert.equal(openNote(note, parseVerifier(vkey)), 'This is an example message.\n'),
  };
}

/** Everything that is one octet away or cut short. */
function* manglings(name: string, text: string, open: (text: string) => unknown): Iterable<CorpusCase> {
  const octets = Buffer.from(text);
  yield {
    name: `${name}, each octet changed`,
    run: () => {
      for (let index = 0; index < octets.length; index += 1) {
        const changed = Buffer.from(octets);
        changed.writeUInt8((changed.readUInt8(index) + 1) % 256, index);
        refused(() => open(changed.toString('utf8')));
      }
    },
  };
  yield {
    name: `${name}, cut at both ends`,
    run: () => {
      for (let index = 1; index < text.length; index += 1) {
        refused(() => open(text.slice(index)));
        refused(() => open(text.slice(0, index)));
      }
    },
  };
}

function refused(work: () => unknown): void {
  assert.throws(work, /^EverbindError/);
}

/** A signing key as golang.org/x/mod/sumdb/note writes it: PRIVATE+KEY+name+hash+base64(0x01 || seed). */
function signWith(skey: string): (data: Uint8Array) => Uint8Array {
  const seed = bytes(skey.split('+').slice(4).join('+')).subarray(1);
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  const key = createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' });
  return (data) => sign(null, data, key);
}

function hashes({ proof }: ProofCase): Buffer[] {
  return (proof ?? []).map(bytes);
}

function bytes(base64: string): Buffer {
  return Buffer.from(base64, 'base64');
}
