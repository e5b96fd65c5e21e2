import assert from 'node:assert/strict';
import { sign } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { EverbindError } from '../../../src/errors/error.ts';
import { parseCrl } from '../../../lab/corpus/pki/crl.ts';
import {
  bitString,
  boolean,
  der,
  octetString,
  oid,
  sequence,
  unsignedInteger,
} from '../../../src/pki/asn1/der-writer.ts';
import { revocationProblem } from '../../../lab/corpus/pki/revocation.ts';
import { makeIntermediate, makeLeaf, makeRoot, type TestAuthority } from '../../pki/support/make-chain.ts';
import {
  algorithmOf,
  keyUsage,
  makeKey,
  time,
  uri,
  type TestExtension,
  type TestKey,
} from '../../pki/support/make-certificate.ts';

const now = Date.UTC(2026, 10, 23);
const root = makeRoot();
const leaf = makeLeaf(root, { serial: [0x10] });
const path = [leaf, root.certificate];

interface TestCrl {
  readonly issuer?: TestAuthority;
  readonly signer?: TestKey;
  readonly revoked?: readonly (readonly [number, ...TestExtension[]])[];
  readonly extensions?: readonly TestExtension[];
  readonly thisUpdate?: string;
  readonly nextUpdate?: string | null;
  readonly version?: number;
  readonly emptyList?: boolean;
}

const number: TestExtension = { oid: '2.5.29.20', value: unsignedInteger(Uint8Array.of(1)) };
const keyId = (key: TestKey): TestExtension => ({ oid: '2.5.29.35', value: sequence(der(0x80, key.id)) });

function makeCrl(crl: TestCrl = {}): Uint8Array {
  const { issuer = root, revoked = [[0x55]], version = 2, nextUpdate = '270101000000' } = crl;
  const signer = crl.signer ?? issuer.key;
  const extensions = crl.extensions ?? [number, keyId(issuer.key)];
  const entries = revoked.map(([serial, ...list]) =>
    sequence(
      der(0x02, Uint8Array.of(serial)),
      time('260101000000'),
      ...(list.length === 0 ? [] : [sequence(...list.map(encode))]),
    ),
  );
  const tbs = sequence(
    ...(version === 1 ? [] : [unsignedInteger(Uint8Array.of(version - 1))]),
    algorithmOf(signer),
    issuer.name,
    time(crl.thisUpdate ?? '260101000000'),
    ...(nextUpdate === null ? [] : [time(nextUpdate)]),
    ...(entries.length === 0 && crl.emptyList !== true ? [] : [sequence(...entries)]),
    ...(extensions.length === 0 ? [] : [der(0xa0, sequence(...extensions.map(encode)))]),
  );
  return sequence(tbs, algorithmOf(signer), bitString(sign('sha256', tbs, signer.privateKey)));
}

function encode(extension: TestExtension): Uint8Array {
  return sequence(oid(extension.oid), ...(extension.critical ? [boolean(true)] : []), octetString(extension.value));
}

function status(...crls: readonly Uint8Array[]): string {
  return revocationProblem(path, crls, now)?.reason ?? 'good';
}

test('revoked or not', () => {
  assert.equal(status(makeCrl()), 'good');
  assert.equal(status(makeCrl({ revoked: [] })), 'good');
  assert.equal(status(makeCrl({ revoked: [[0x55], [0x10]] })), 'revoked');
  assert.equal(status(makeCrl({ revoked: [[0x10, reason(1)]] })), 'revoked');
  assert.equal(status(makeCrl(), makeCrl({ revoked: [[0x10]] })), 'revoked');
});

test('a list of another CA says nothing', () => {
  const other = makeRoot('Other');
  assert.equal(status(makeCrl({ issuer: other, revoked: [[0x10]] })), 'crl');
  assert.equal(status(makeCrl({ issuer: other, revoked: [[0x10]] }), makeCrl()), 'good');
});

test('a revoked intermediate', () => {
  const ca = makeIntermediate(root, 'CA', { serial: [0x77] });
  const chain = [makeLeaf(ca, { serial: [0x77] }), ca.certificate, root.certificate];
  const ofCa = makeCrl({ issuer: ca });
  assert.equal(revocationProblem(chain, [ofCa, makeCrl({ revoked: [[0x77]] })], now)?.certificate, ca.certificate);
  // Where the issuer of an intermediate published none, only the leaf's status counts.
  assert.equal(revocationProblem(chain, [ofCa], now), null);
});

const unusable: Readonly<Record<string, TestCrl>> = {
  'signed by another key': { signer: makeKey() },
  'not valid yet': { thisUpdate: '261201000000' },
  'out of date': { nextUpdate: '261101000000' },
  'without an end': { nextUpdate: null },
  'without a number': { extensions: [keyId(root.key)] },
  'with a critical number': { extensions: [{ ...number, critical: true }, keyId(root.key)] },
  'with a number of 21 octets': {
    extensions: [{ ...number, value: unsignedInteger(new Uint8Array(21).fill(1)) }, keyId(root.key)],
  },
  'without a key identifier': { extensions: [number] },
  'of another key': { extensions: [number, keyId(makeKey())] },
  'with an unknown critical extension': {
    extensions: [number, keyId(root.key), { oid: '1.2.3', critical: true, value: sequence() }],
  },
  'that is a delta': {
    extensions: [number, keyId(root.key), { oid: '2.5.29.27', critical: true, value: number.value }],
  },
  'of version 1': { version: 1, extensions: [] },
  'of version 3': { version: 3 },
  'with a time of the wrong form': { nextUpdate: '20270101000000' },
  'with an empty list': { revoked: [], emptyList: true },
  'with a critical extension of an entry': { revoked: [[0x55, { ...reason(1), critical: true }]] },
  'with an entry of another issuer': { revoked: [[0x55, { oid: '2.5.29.29', critical: true, value: sequence() }]] },
  'with a reason that does not exist': { revoked: [[0x55, reason(7)]] },
  'with an uncritical distribution point': {
    extensions: [number, keyId(root.key), scope(false, Uint8Array.of(0x81, 1, 0xff))],
  },
  'with an empty distribution point': { extensions: [number, keyId(root.key), scope(true)] },
  'that is indirect': { extensions: [number, keyId(root.key), scope(true, Uint8Array.of(0x84, 1, 0xff))] },
  'for users only and for CAs only': {
    extensions: [number, keyId(root.key), scope(true, Uint8Array.of(0x81, 1, 0xff), Uint8Array.of(0x82, 1, 0xff))],
  },
  'for CAs only': { extensions: [number, keyId(root.key), scope(true, Uint8Array.of(0x82, 1, 0xff))] },
  'for attribute certificates only': {
    extensions: [number, keyId(root.key), scope(true, Uint8Array.of(0x85, 1, 0xff))],
  },
  'for some reasons only': { extensions: [number, keyId(root.key), scope(true, Uint8Array.of(0x83, 2, 6, 0x40))] },
};

for (const [what, crl] of Object.entries(unusable)) {
  test(`a list ${what} does not tell that a certificate is good`, () => assert.equal(status(makeCrl(crl)), 'crl'));
}

test('a list for some reasons can still revoke', () => {
  const extensions = [number, keyId(root.key), scope(true, Uint8Array.of(0x83, 2, 6, 0x40))];
  assert.equal(status(makeCrl({ revoked: [[0x10]], extensions })), 'revoked');
});

test('a list for users covers a server', () => {
  assert.equal(
    status(makeCrl({ extensions: [number, keyId(root.key), scope(true, Uint8Array.of(0x81, 1, 0xff))] })),
    'good',
  );
});

test('distribution points must meet', () => {
  const point = (address: string): Uint8Array => der(0xa0, der(0xa0, uri(address)));
  const listed = makeLeaf(root, {
    extensions: [{ oid: '2.5.29.31', value: sequence(sequence(point('http://crl.example/1'))) }],
  });
  const crl = (address: string): Uint8Array =>
    makeCrl({ extensions: [number, keyId(root.key), scope(true, point(address))] });
  const check = (address: string): string | undefined =>
    revocationProblem([listed, root.certificate], [crl(address)], now)?.reason;
  assert.equal(check('http://crl.example/1'), undefined);
  assert.equal(check('http://crl.example/2'), 'crl');
  assert.equal(status(crl('http://crl.example/1')), 'crl');
});

test('the issuer must be allowed to sign lists', () => {
  const noSigner = makeRoot('No signer', { extensions: [keyUsage(5)] });
  const chain = [makeLeaf(noSigner), noSigner.certificate];
  assert.equal(revocationProblem(chain, [makeCrl({ issuer: noSigner })], now)?.reason, 'crl');
});

test('what is no list at all', () => {
  assert.equal(status(Uint8Array.of(1, 2, 3)), 'crl');
  assert.equal(status(Uint8Array.of(1, 2, 3), makeCrl()), 'good');
});

test('a list with any octet changed is parsed or refused with a code', () => {
  const octets = makeCrl({ revoked: [[0x55, reason(1)], [0x10]] });
  fc.assert(
    fc.property(fc.nat(octets.length - 1), fc.nat(255), fc.nat(octets.length), (at, to, cut) => {
      const copy = Uint8Array.from(octets);
      copy[at] = to;
      for (const candidate of [copy, copy.subarray(0, cut)]) {
        try {
          parseCrl(candidate);
        } catch (error) {
          assert(error instanceof EverbindError && error.code === 'PKI_CRL_INVALID', String(error));
        }
      }
    }),
    { numRuns: 2000 },
  );
});

function reason(value: number): TestExtension {
  return { oid: '2.5.29.21', value: der(0x0a, Uint8Array.of(value)) };
}

function scope(critical: boolean, ...fields: readonly Uint8Array[]): TestExtension {
  return { oid: '2.5.29.28', critical, value: sequence(...fields) };
}
