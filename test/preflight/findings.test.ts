import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { decodeDirectory } from '../../src/acme/messages/directory.ts';
import type { IssuerConfig } from '../../src/config/types.ts';
import { finding, FINDINGS, wouldFail } from '../../src/preflight/findings.ts';
import { systemRandom } from '../../src/net/system.ts';
import { tryChallenge } from '../../src/preflight/try-challenge.ts';
import { examineIssuer } from '../../src/preflight/certificate.ts';

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
  const binding = { keyId: 'one', hmacKey: 'secret:HMAC' } as const;
  const ready = { ...issuer, termsOfServiceAgreed: true, externalAccountBinding: binding, profile: 'classic' };
  assert.deepEqual(codes(ready, false), []);
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
