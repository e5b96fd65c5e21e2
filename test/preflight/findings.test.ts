import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { decodeDirectory } from '../../src/acme/messages/directory.ts';
import type { IssuerConfig } from '../../src/config/types.ts';
import { finding, FINDINGS, wouldFail } from '../../src/preflight/findings.ts';
import { isInsideView } from '../../src/preflight/addresses.ts';
import { systemRandom } from '../../src/net/system.ts';
import { tryChallenge } from '../../src/preflight/try-challenge.ts';
import { examineIssuer, examineOrder } from '../../src/preflight/certificate.ts';

test('docs/preflight.md has a row for every finding, with its severity', async () => {
  const page = await readFile(new URL('../../docs/preflight.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\w+) \|/gm)].map(([, code, severity]) => [code, severity]);
  assert.deepEqual(
    rows,
    Object.entries(FINDINGS).map(([code, { severity }]) => [code, severity]),
  );
});

test('a certificate fails for what every issuer sees, or when each issuer has something against it', () => {
  const at = (issuer: string | null) => finding('caa-forbids', '', { issuer });
  assert.equal(wouldFail([], ['a']), false);
  assert.equal(wouldFail([at('a')], ['a', 'b']), false);
  assert.equal(wouldFail([at('a'), at('b')], ['a', 'b']), true);
  assert.equal(wouldFail([at(null)], ['a', 'b']), true);
  assert.equal(wouldFail([finding('address-unreachable', '', {})], ['a']), false);
});

test('what a directory says against an account holds only until there is one', () => {
  const url = 'https://ca.test/';
  const meta = { termsOfService: url, externalAccountRequired: true, profiles: { classic: 'Usual' } };
  const directory = decodeDirectory(
    { newNonce: url, newAccount: url, newOrder: url, meta },
    { allowInsecureLoopback: false },
  );
  const issuer = {
    name: 'ca',
    termsOfServiceAgreed: false,
    externalAccountBinding: null,
    profile: 'new',
  } as unknown as IssuerConfig;
  const codes = (config: IssuerConfig, registered: boolean) =>
    examineIssuer(config, directory, registered).map(({ code }) => code);
  assert.deepEqual(codes(issuer, false), ['terms-not-agreed', 'external-account-missing', 'profile-unknown']);
  assert.deepEqual(codes(issuer, true), ['profile-unknown']);
  const binding = { keyId: 'one', hmacKey: 'secret:HMAC', algorithm: 'HS256' } as const;
  const ready = { ...issuer, termsOfServiceAgreed: true, externalAccountBinding: binding, profile: 'classic' };
  assert.deepEqual(codes(ready, false), []);
});

test('what is known of a CA speaks against names before it is asked', async () => {
  const directory = decodeDirectory(
    {
      newNonce: 'https://ca.test/',
      newAccount: 'https://ca.test/',
      newOrder: 'https://ca.test/',
      meta: { profiles: { shortlived: 'Six days' } },
    },
    { allowInsecureLoopback: false },
  );
  const letsEncrypt = {
    name: 'ca',
    directory: 'https://acme-v02.api.letsencrypt.org/directory',
    termsOfServiceAgreed: true,
    externalAccountBinding: null,
    profile: null,
    maxNames: null,
    certificateRoots: [],
  } as unknown as IssuerConfig;
  const silent = { lookup: () => Promise.reject(new Error('only addresses are asked about')) };
  const codes = async (config: IssuerConfig, addresses: readonly string[]): Promise<readonly string[]> => {
    const identifiers = addresses.map((value) => ({ type: 'ip' as const, value }));
    const certificate = { identifiers, challenges: [] };
    const lookups = { checked: silent, unchecked: silent };
    const found = await examineOrder(lookups, certificate, { config, directory, accountUrl: null });
    return found.map(({ code, severity, name }) => `${code} ${severity} ${name ?? '-'}`);
  };
  const many = Array.from({ length: 101 }, (_, index) => `8.8.8.${index}`);
  assert.deepEqual(await codes(letsEncrypt, many), ['too-many-names fails -']);
  assert.deepEqual(await codes({ ...letsEncrypt, maxNames: 101 }, many), []);
  assert.deepEqual(await codes(letsEncrypt, many.slice(1)), []);
  assert.deepEqual(await codes({ ...letsEncrypt, profile: 'shortlived' }, many.slice(0, 26)), [
    'too-many-names fails -',
  ]);
  const inside = ['10.0.0.1', '192.168.1.1', '169.254.1.1', 'fd00::1', 'fe80::1', '8.8.8.8', '2606:4700::1'];
  assert.deepEqual(
    await codes(letsEncrypt, inside),
    inside.slice(0, 5).map((name) => `name-not-public doubtful ${name}`),
  );
  assert.deepEqual(await codes({ ...letsEncrypt, certificateRoots: ['/root.pem'] }, inside), []);
  assert.deepEqual(await codes({ ...letsEncrypt, directory: 'https://ca.corp.local/' }, inside), []);
});

test('behind a router that translates addresses, another server at a public one is a doubt', () => {
  const inside = ['127.0.0.1', '::1', '10.0.0.5', 'fe80::1'];
  assert.equal(isInsideView('8.8.8.8', inside), true);
  assert.equal(isInsideView('10.0.0.9', inside), true, 'a server of the network, by DNS of the network');
  assert.equal(isInsideView('2606:4700::1', inside), true);
  for (const own of ['10.0.0.5', '127.0.0.77', '::1']) assert.equal(isInsideView(own, inside), false, own);
  assert.equal(isInsideView('8.8.8.8', [...inside, '9.9.9.9']), false, 'not behind such a router');
  assert.equal(isInsideView('8.8.8.8', [...inside, '2606:4700::2']), true, 'IPv6 alone is not behind one');
  assert.equal(isInsideView('2606:4700::1', [...inside, '2606:4700::2']), false);
});

test('what a solver knows of the firewall is a doubt while its response can be seen', async () => {
  for (const doubt of ['no rule for port 80', null]) {
    let presented = false;
    const parts = {
      random: systemRandom,
      accountUrl: null,
      solverFor: () => ({
        type: 'http-01' as const,
        present: async () => void (presented = true),
        wait: async () => {},
        cleanUp: async () => void (presented = false),
        firewallDoubt: async () => (presented ? doubt : 'asked too late'),
      }),
    };
    const http = { type: 'http-01', mode: 'auto', path: null, port: 80 } as const;
    const { signal } = new AbortController();
    const found = await tryChallenge(parts, { type: 'dns', value: 'shop.test' }, http, async () => [], signal);
    assert.deepEqual(
      found.map(({ code, severity, what }) => [code, severity, what]),
      doubt === null ? [] : [['firewall-doubtful', 'doubtful', doubt]],
    );
    assert.equal(wouldFail(found, ['ca']), false);
  }
});
