import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { EverbindError } from '../../src/errors/error.ts';
import { type Certificate, parseCertificate } from '../../src/pki/x509/certificate.ts';
import type { KeyUsage } from '../../src/pki/x509/extensions.ts';
import { parseIdentifier } from '../../src/pki/x509/names.ts';
import { parsePemCertificates } from '../../src/pki/asn1/pem.ts';
import type { CorpusCase } from './main.ts';
import { findStrictPath, type StrictRequest } from './pki/strict-chain.ts';

// x509-limbo (C2SP): chains of certificates with the verdict that a validator should reach.

interface PeerName {
  readonly kind: 'DNS' | 'IP' | 'RFC822';
  readonly value: string;
}

interface LimboCase {
  readonly id: string;
  readonly features: readonly string[];
  readonly validation_kind: 'SERVER' | 'CLIENT';
  readonly trusted_certs: readonly string[];
  readonly untrusted_intermediates: readonly string[];
  readonly peer_certificate: string;
  readonly validation_time: string | null;
  readonly key_usage: readonly string[];
  readonly extended_key_usage: readonly string[];
  readonly expected_result: 'SUCCESS' | 'FAILURE';
  readonly expected_peer_name: PeerName | null;
  readonly expected_peer_names: readonly PeerName[] | null;
  readonly max_chain_depth: number | null;
  readonly crls?: readonly string[];
}

const SOFT = /^(?:pedantic-.*|denial-of-service|name-constraint-dn|rfc5280-incompatible-with-webpki)$/;

const PURPOSES: Readonly<Record<string, string>> = {
  anyExtendedKeyUsage: '2.5.29.37.0',
  serverAuth: '1.3.6.1.5.5.7.3.1',
  clientAuth: '1.3.6.1.5.5.7.3.2',
  codeSigning: '1.3.6.1.5.5.7.3.3',
  emailProtection: '1.3.6.1.5.5.7.3.4',
  timeStamping: '1.3.6.1.5.5.7.3.8',
  OCSPSigning: '1.3.6.1.5.5.7.3.9',
};

export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const folder = path.join(corpus, 'certs', 'limbo');
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()) {
    const { testcases } = JSON.parse(await readFile(path.join(folder, file), 'utf8')) as {
      testcases: readonly LimboCase[];
    };
    for (const testcase of testcases) {
      const soft = testcase.features.find((feature) => SOFT.test(feature));
      yield {
        name: testcase.id,
        ...(soft === undefined ? {} : { soft }),
        run: () => {
          const verdict = judge(testcase);
          assert(
            verdict.result === testcase.expected_result,
            `expected ${testcase.expected_result}, ${verdict.reason}`,
          );
        },
      };
    }
  }
}

function judge(testcase: LimboCase): { result: 'SUCCESS' | 'FAILURE'; reason: string } {
  try {
    const leaf = parse(testcase.peer_certificate);
    findStrictPath({
      leaf,
      intermediates: testcase.untrusted_intermediates.flatMap(parseIfPossible),
      roots: testcase.trusted_certs.flatMap(parseIfPossible),
      time: testcase.validation_time === null ? Date.now() : Date.parse(testcase.validation_time),
      // Cases about the rules for the public web contradict some of those about RFC 5280 alone.
      profile: /(?:^|::)webpki::/.test(testcase.id) ? 'webpki' : 'rfc5280',
      keyUsage: testcase.key_usage as readonly KeyUsage[],
      ...identifierOf(testcase),
      ...purposeOf(testcase),
      ...(testcase.max_chain_depth === null ? {} : { maxDepth: testcase.max_chain_depth }),
      ...((testcase.crls ?? []).length === 0 ? {} : { crls: (testcase.crls ?? []).map((pem) => derOf(pem)) }),
    });
    for (const name of testcase.expected_peer_names ?? []) {
      const found = (leaf.subjectAltNames ?? []).some((entry) => entry.type === 'email' && entry.value === name.value);
      if (name.kind === 'RFC822' && !found) return { result: 'FAILURE', reason: `no mailbox ${name.value}` };
    }
    return { result: 'SUCCESS', reason: 'a path was found' };
  } catch (error) {
    if (!(error instanceof EverbindError)) throw error;
    return { result: 'FAILURE', reason: `${error.code} ${String(error.details['reason'] ?? '')} ${error.message}` };
  }
}

function identifierOf({ expected_peer_name: name }: LimboCase): Pick<StrictRequest, 'identifier'> {
  return name === null || name.kind === 'RFC822' ? {} : { identifier: parseIdentifier(name.value) };
}

function purposeOf({ validation_kind: kind, extended_key_usage: usages }: LimboCase): Pick<StrictRequest, 'purpose'> {
  const purpose = PURPOSES[usages[0] ?? (kind === 'SERVER' ? 'serverAuth' : 'clientAuth')];
  return purpose === undefined ? {} : { purpose };
}

function parse(pem: string): Certificate {
  const [der] = parsePemCertificates(pem);
  assert(der);
  return parseCertificate(der);
}

/** What does not parse cannot be part of a path; whether the path needs it is the validator's business. */
function parseIfPossible(pem: string): Certificate[] {
  try {
    return [parse(pem)];
  } catch (error) {
    if (error instanceof EverbindError) return [];
    throw error;
  }
}

function derOf(pem: string): Uint8Array {
  return Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64');
}
