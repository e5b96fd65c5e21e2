import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_CHALLENGE } from '../../src/config/defaults.ts';
import type { ChallengeConfig } from '../../src/config/types.ts';
import type { Identifier } from '../../src/pki/x509/names.ts';
import { chooseChallenge, type ChallengeFacts } from '../../src/challenge/choose-challenge.ts';

const http = DEFAULT_CHALLENGE;
const alpn: ChallengeConfig = { type: 'tls-alpn-01', port: 443 };
const persist: ChallengeConfig = { type: 'dns-persist-01', publicResolvers: [] };
const name: Identifier = { type: 'dns', value: 'shop.example' };
const wildcard: Identifier = { type: 'dns', value: '*.shop.example' };
const address: Identifier = { type: 'ip', value: '192.0.2.7' };

function chosen(facts: Partial<ChallengeFacts>): readonly [type: string, code: string | null] | null {
  const candidates = [http, persist, alpn];
  const choice = chooseChallenge({
    identifier: name,
    candidates,
    offered: null,
    failedAt: () => null,
    notVisible: [],
    ...facts,
  });
  return choice === null ? null : [choice.config.type, choice.code];
}

/** The first failed at time 1, and so on. */
const failed =
  (...order: readonly ChallengeConfig[]): ChallengeFacts['failedAt'] =>
  (config) =>
    order.includes(config) ? order.indexOf(config) + 1 : null;

test('one challenge is taken without a word, of several the first that can be used, with the reason', () => {
  const first = [persist, alpn, http];
  const cases: readonly (readonly [Partial<ChallengeFacts>, ReturnType<typeof chosen>])[] = [
    [{ candidates: [http] }, ['http-01', null]],
    [{}, ['http-01', 'first']],
    [{ identifier: wildcard }, ['dns-persist-01', 'wildcard-needs-dns']],
    [{ identifier: address }, ['http-01', 'first']],
    [{ identifier: address, candidates: first }, ['tls-alpn-01', 'address-needs-connection']],
    [{ offered: ['dns-persist-01', 'tls-alpn-01'] }, ['dns-persist-01', 'not-offered']],
    [{ notVisible: [http] }, ['dns-persist-01', 'not-visible']],
    [{ notVisible: [http, persist] }, ['tls-alpn-01', 'not-visible']],
    [{ failedAt: failed(http) }, ['dns-persist-01', 'failed-before']],
    [{ failedAt: failed(persist) }, ['http-01', 'first']],
    [{ failedAt: failed(http, persist) }, ['tls-alpn-01', 'failed-before']],
    [{ failedAt: failed(persist, alpn, http) }, ['dns-persist-01', 'all-failed']],
    [{ failedAt: failed(http, persist), identifier: wildcard }, ['dns-persist-01', 'all-failed']],
    [{ identifier: wildcard, candidates: [http, alpn] }, null],
    [{ offered: [] }, null],
    [{ notVisible: [http, alpn, persist] }, null],
    [{ candidates: [] }, null],
  ];
  for (const [index, [facts, expected]] of cases.entries()) assert.deepEqual(chosen(facts), expected, `case ${index}`);
});
