import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import { test } from 'node:test';
import { openProvider } from '../../../src/dns/provider-kit/open.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import type { HttpRequest } from '../../../src/ports/transport.ts';
import { idleParts } from '../support.ts';

const SECRET = 'a-very-secret-key';
const settings = { endpoint: 'https://dns.example', apiKey: 'secret:PDNS' };
const resolveSecret = (reference: string): Promise<string> => {
  assert.equal(reference, 'secret:PDNS');
  return Promise.resolve(SECRET);
};

test('secrets are resolved when the provider is opened, and sent to the host alone', async () => {
  const sent: HttpRequest[] = [];
  const provider = await openProvider('powerdns', settings, {
    ...idleParts,
    resolveSecret,
    transport: (request) => {
      sent.push(request);
      return Promise.resolve({
        status: 200,
        headers: {},
        body: Buffer.from('[{"id":"z","name":"example.com.","kind":"Native"}]'),
      });
    },
  });
  assert.equal(await provider.findZone('example.com'), 'example.com');
  assert.equal(sent[0]?.headers['x-api-key'], SECRET);
});

test('what a host sends back of the secrets is in no error', async () => {
  for (const thrown of [
    new EverbindError('DNS_PROVIDER_FAILED', `key ${SECRET} refused`, {
      host: 'x',
      words: [`a ${SECRET}`],
      status: 400,
    }),
    new EverbindError('DNS_PROVIDER_FAILED', 'failed', {}, { cause: new Error(`header x-api-key: ${SECRET}`) }),
    new Error(`unexpected ${SECRET}`),
  ]) {
    const provider = await openProvider('powerdns', settings, {
      ...idleParts,
      resolveSecret,
      transport: () => Promise.reject(thrown),
    });
    const error: unknown = await provider.findZone('example.com').catch((reason: unknown) => reason);
    assert.ok(error instanceof Error);
    assert.ok(!inspect(error, { depth: 20, showHidden: true }).includes(SECRET), inspect(error));
    if (thrown instanceof EverbindError) assert.equal((error as EverbindError).code, thrown.code);
  }
});

test('a secret that cannot be resolved, and a provider that does not exist', async () => {
  const missing = new EverbindError('SECRET_NOT_FOUND', 'the secret PDNS is not set');
  await assert.rejects(
    openProvider('powerdns', settings, { ...idleParts, resolveSecret: () => Promise.reject(missing) }),
    missing,
  );
  await assert.rejects(openProvider('nobody', {}, { ...idleParts, resolveSecret }), { code: 'DNS_PROVIDER_SETTING' });
});
