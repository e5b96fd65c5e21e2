import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decodeRenewalInfo } from '../../src/acme/messages/renewal-info.ts';
import { decodeAuthorization } from '../../src/acme/messages/authorization.ts';
import { answerable, type Challenge, decodeChallenge } from '../../src/acme/messages/challenge.ts';
import { decodeOrder } from '../../src/acme/messages/order.ts';
import { decodeProblem } from '../../src/acme/messages/problem.ts';
import type { CorpusCase } from './main.ts';

// The objects that RFC 8555 and RFC 9773 print as examples, each decoded and compared member by member.

interface RfcObject {
  readonly name: string;
  readonly rfc: string;
  readonly json: Readonly<Record<string, unknown>>;
}

const policy = { allowInsecureLoopback: false };

export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const text = await readFile(path.join(corpus, 'vectors', 'acme', 'rfc-objects.json'), 'utf8');
  for (const object of (JSON.parse(text) as { readonly objects: readonly RfcObject[] }).objects) {
    yield { name: `${object.name} (${object.rfc.split('/').at(-1)})`, run: () => check(object) };
  }
}

function check({ name, json }: RfcObject): void {
  switch (name) {
    case 'order':
    case 'certificate_identifier':
      return same(json, decodeOrder(json, policy));
    case 'authorization': {
      const { challenges, ...authorization } = decodeAuthorization(json, policy);
      return same(withoutTimes(json), { ...authorization, challenges: challenges.map(asPrinted) });
    }
    case 'challenge':
      return same(withoutTimes(json), asPrinted(decodeChallenge(json, 'challenge', policy)));
    case 'problem':
    case 'subproblems':
      return same(json, decodeProblem(json));
    case 'renewal_info': {
      const { window, explanationUrl } = decodeRenewalInfo(json);
      return same(json, { suggestedWindow: window, explanationURL: explanationUrl });
    }
    default:
      throw new Error(`an object that this group does not know: ${name}`);
  }
}

/** With the members that answering needs where the RFC has them. */
function asPrinted(challenge: Challenge): object {
  return { ...challenge, ...answerable(challenge) };
}

/** Nothing depends on when a challenge was validated or an authorization expires, and neither is read. */
function withoutTimes(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutTimes);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([name]) => name !== 'validated' && name !== 'expires');
  return Object.fromEntries(members.map(([name, member]) => [name, withoutTimes(member)]));
}

/** Every member of the example must be in what was decoded; times are compared as times. */
function same(expected: unknown, actual: unknown): void {
  if (typeof expected === 'object' && expected !== null) {
    assert.ok(typeof actual === 'object' && actual !== null);
    if (Array.isArray(expected)) assert.equal((actual as readonly unknown[]).length, expected.length);
    for (const [key, value] of Object.entries(expected))
      same(value, (actual as Readonly<Record<string, unknown>>)[key]);
    return;
  }
  assert.equal(actual, typeof actual === 'number' ? Date.parse(String(expected)) : expected);
}
