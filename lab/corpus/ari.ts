import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeRenewalInfo } from '../../src/acme/messages/renewal-info.ts';
import { ariIdOf } from '../../src/pki/x509/ari-id.ts';
import { retryAfterMs } from '../../src/acme/messages/retry-after.ts';
import { parseCertificate } from '../../src/pki/x509/certificate.ts';
import { parsePemCertificates } from '../../src/pki/asn1/pem.ts';
import type { CorpusCase } from './main.ts';

// RFC 9773: the id of a certificate, and the renewal information of the RFC's example.

type Vector =
  | { readonly pem: string; readonly certID: string }
  | {
      readonly renewalInfo: {
        readonly suggestedWindow: { readonly start: string; readonly end: string };
        readonly explanationURL?: string;
      };
      readonly headers?: Readonly<Record<string, string>>;
    };

export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const text = await readFile(path.join(corpus, 'vectors', 'ari', 'ari.json'), 'utf8');
  for (const [index, vector] of (JSON.parse(text) as readonly Vector[]).entries()) {
    yield { name: `${index} ${'pem' in vector ? vector.certID : 'renewalInfo'}`, run: () => check(vector) };
  }
}

function check(vector: Vector): void {
  if ('pem' in vector) {
    const [der] = parsePemCertificates(vector.pem);
    assert.ok(der);
    assert.equal(ariIdOf(parseCertificate(der)), vector.certID);
    return;
  }
  const { suggestedWindow, explanationURL } = vector.renewalInfo;
  assert.deepEqual(decodeRenewalInfo(vector.renewalInfo), {
    window: { start: Date.parse(suggestedWindow.start), end: Date.parse(suggestedWindow.end) },
    explanationUrl: explanationURL ?? null,
  });
  const wait = vector.headers?.['Retry-After'];
  if (wait !== undefined) assert.equal(retryAfterMs({ 'retry-after': [wait] }, 0), Number(wait) * 1000);
}
