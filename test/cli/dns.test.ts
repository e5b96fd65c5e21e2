import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PROVIDERS } from '../../src/dns/providers/all.ts';
import { runIn } from './world.ts';

const nowhere = { stateDir: '/nowhere', openHost: () => Promise.reject(new Error('not reached')) };

test('dns providers lists every provider, within the columns', async () => {
  const { status, out } = await runIn(nowhere, ['dns', 'providers']);
  assert.equal(status, 0);
  for (const { name } of PROVIDERS) assert.match(out, new RegExp(`^${name} `, 'm'));
  for (const line of out.split('\n').slice(0, -3)) assert.ok(line.length <= 80, line);
});

test('dns providers NAME has settings, privilege and documentation; --json the same for programs', async () => {
  const { out } = await runIn(nowhere, ['dns', 'providers', 'rfc2136']);
  for (const word of ['keySecret', '(required, secret)', 'privilege', 'https://www.rfc-editor.org/rfc/rfc2136']) {
    assert.ok(out.replaceAll(/\s+/g, ' ').includes(word), word);
  }
  const { out: json } = await runIn(nowhere, ['dns', 'providers', '--json']);
  const { providers } = JSON.parse(json) as { readonly providers: readonly Record<string, unknown>[] };
  assert.equal(providers.length, PROVIDERS.length);
  for (const provider of providers) {
    for (const key of ['name', 'title', 'settings', 'privilege', 'testedAgainst', 'documentation']) {
      assert.ok(provider[key] !== undefined, key);
    }
  }
  const { status, err } = await runIn(nowhere, ['dns', 'providers', 'nobody']);
  assert.deepEqual([status, err.includes('DNS_PROVIDER_SETTING')], [2, true]);
});
