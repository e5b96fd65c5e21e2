import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CaaDecision, type CaaProperty, decideCaa } from '../../src/dns/wire/caa.ts';
import { type CaaParameter, namesAccount, namesMethod, parseCaaValue } from '../../src/dns/wire/caa-value.ts';
import type { CorpusCase } from './main.ts';

// Decisions of a CA's own tests (Boulder), and how it reads what stands in a record.

interface Decisions {
  readonly context: { readonly caIdentity: string; readonly validationMethod: string; readonly accountURI: string };
  readonly zone: Readonly<
    Record<
      string,
      { readonly error?: string; readonly caa?: readonly { readonly flag: number; tag: string; value: string }[] }
    >
  >;
  readonly cases: readonly {
    readonly name: string;
    readonly domain: string;
    readonly foundAt: string;
    readonly valid: boolean;
  }[];
}

interface Given {
  readonly tag: string;
  readonly val: string;
}

interface Parameters {
  readonly extractIssuerDomainAndParameters: readonly {
    readonly name: string;
    readonly value: string;
    readonly domain: string;
    readonly parameters: readonly Given[];
    readonly errorContains: string;
  }[];
  readonly validationMethodMatches: readonly {
    readonly name: string;
    readonly parameters: readonly Given[];
    readonly method: string;
    readonly matches: boolean;
  }[];
  readonly accountURIMatches: readonly {
    readonly name: string;
    readonly parameters: readonly Given[];
    readonly prefixes: readonly string[];
    readonly id: number;
    readonly matches: boolean;
  }[];
}

export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const decisions = (await read(corpus, 'boulder-caa.dev.json')) as Decisions;
  for (const given of decisions.cases) {
    yield { name: given.name, run: () => checkDecision(decisions, given) };
  }
  const parameters = (await read(corpus, 'boulder-caa-params.dev.json')) as Parameters;
  for (const given of parameters.extractIssuerDomainAndParameters) {
    const { domain, parameters: wanted, errorContains } = given;
    const expected = errorContains === '' ? { domain, parameters: ours(wanted) } : null;
    yield { name: `value: ${given.name}`, run: () => assert.deepEqual(parseCaaValue(given.value), expected) };
  }
  for (const given of parameters.validationMethodMatches) {
    const run = (): void => assert.equal(namesMethod(ours(given.parameters), given.method), given.matches);
    yield { name: `validationmethods: ${given.name}`, run };
  }
  for (const given of parameters.accountURIMatches) {
    // The vectors' CA has had several addresses; an account has one for us.
    const urls = given.prefixes.map((prefix) => `${prefix}${given.id}`);
    const run = (): void =>
      assert.equal(
        urls.some((url) => namesAccount(ours(given.parameters), url)),
        given.matches,
      );
    yield { name: `accounturi: ${given.name}`, run };
  }
}

async function checkDecision(
  { context, zone }: Decisions,
  { domain, foundAt, valid }: Decisions['cases'][number],
): Promise<void> {
  const lookup = (name: string): Promise<readonly CaaProperty[]> => {
    const { error, caa = [] } = zone[name] ?? {};
    if (error !== undefined) return Promise.reject(new LookupFailed(error));
    return Promise.resolve(caa.map(({ flag, tag, value }) => ({ flags: flag, tag, value })));
  };
  const question = {
    name: domain,
    identities: [context.caIdentity],
    accountUrl: context.accountURI,
    challenge: context.validationMethod,
  };
  let decision: CaaDecision;
  try {
    decision = await decideCaa(question, lookup);
  } catch (error) {
    // What a CA cannot look up it refuses.
    if (!(error instanceof LookupFailed)) throw error;
    assert.equal(valid, false);
    return;
  }
  assert.equal(decision.allowed, valid);
  assert.equal(decision.foundAt ?? '', foundAt);
}

class LookupFailed extends Error {}

function ours(parameters: readonly Given[]): readonly CaaParameter[] {
  return parameters.map(({ tag, val }) => ({ tag, value: val }));
}

async function read(corpus: string, file: string): Promise<unknown> {
  return JSON.parse(await readFile(join(corpus, 'vectors', 'caa', file), 'utf8'));
}
