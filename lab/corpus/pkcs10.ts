import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { type Csr, parseCsr, verifyCsr } from '../../src/pki/x509/csr.ts';
import { formatIp, parseIp } from '../../src/pki/x509/ip-address.ts';
import { describePublicKey } from '../../src/pki/x509/public-key.ts';
import type { CorpusCase } from './main.ts';

// Certificate requests of other programs against what OpenSSL reads in them.

export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const folder = path.join(corpus, 'vectors', 'pkcs10');
  const [header = '', ...lines] = (await readFile(path.join(folder, 'INDEX.tsv'), 'utf8')).trimEnd().split(/\r?\n/);
  const columns = header.split('\t');
  for (const line of lines) {
    const values = line.split('\t');
    const row = Object.fromEntries(columns.map((column, index) => [column, values[index] ?? '']));
    yield {
      name: row['file'] ?? '',
      run: async () => check(row, await readFile(path.join(folder, row['file'] ?? ''))),
    };
  }
}

function check(row: Readonly<Record<string, string>>, file: Buffer): void {
  const csr = parseCsr(derOf(file));
  assert.deepEqual(names(csr), expectedNames(row['san'] ?? ''), 'alternative names');
  assert.deepEqual(
    subjectParts(csr.subjectText.split(', ').toReversed()),
    subjectParts((row['subject'] ?? '').split(', ')),
    'subject',
  );
  const key = describePublicKey(csr.spkiDer);
  assert.equal(key.type, KEY_TYPES[row['key_alg'] ?? ''], 'key type');
  if (key.type === 'rsa') assert.equal(String(key.bits), row['key_bits'], 'key size');
  assert.equal(csr.signatureAlgorithmOid, SIGNATURES[row['sig_alg'] ?? ''], 'signature algorithm');
  assert.equal(verifyCsr(csr), row['openssl_selfsig'] === 'OK', 'signature');
}

const KEY_TYPES: Readonly<Record<string, string>> = {
  rsaEncryption: 'rsa',
  'id-ecPublicKey': 'ec',
  ED25519: 'ed25519',
};

const SIGNATURES: Readonly<Record<string, string>> = {
  sha1WithRSAEncryption: '1.2.840.113549.1.1.5',
  sha256WithRSAEncryption: '1.2.840.113549.1.1.11',
  sha384WithRSAEncryption: '1.2.840.113549.1.1.12',
  sha512WithRSAEncryption: '1.2.840.113549.1.1.13',
  'ecdsa-with-SHA256': '1.2.840.10045.4.3.2',
  'ecdsa-with-SHA384': '1.2.840.10045.4.3.3',
  'ecdsa-with-SHA512': '1.2.840.10045.4.3.4',
  ED25519: '1.3.101.112',
};

function derOf(file: Buffer): Uint8Array {
  const base64 = /-----BEGIN [A-Z ]+-----([^-]+)-----END/.exec(file.toString('latin1'))?.[1];
  return base64 === undefined ? file : Buffer.from(base64, 'base64');
}

function names(csr: Csr): string[] {
  return csr.identifiers.map(({ type, value }) => `${type}:${value}`).sort();
}

function expectedNames(text: string): string[] {
  return text
    .split(', ')
    .filter((entry) => entry !== '')
    .map((entry) => {
      const address = parseIp(entry.replace(/^IP Address:/, ''));
      return address === null ? `dns:${entry.replace(/^DNS:/, '')}` : `ip:${formatIp(address)}`;
    })
    .sort();
}

/** OpenSSL writes `ST = London`, Windows `S=London`. */
function subjectParts(parts: readonly string[]): string[] {
  return parts.filter((part) => part !== '').map((part) => part.replace(/ = /, '=').replace(/^ST=/, 'S='));
}
