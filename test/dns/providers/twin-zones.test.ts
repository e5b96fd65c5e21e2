import assert from 'node:assert/strict';
import { test } from 'node:test';
import { azure } from '../../../src/dns/providers/azure.ts';
import { cloudflare } from '../../../src/dns/providers/cloudflare.ts';
import { google } from '../../../src/dns/providers/google.ts';
import { ionos } from '../../../src/dns/providers/ionos.ts';
import { linode } from '../../../src/dns/providers/linode.ts';
import type { ProviderDefinition } from '../../../src/dns/provider-kit/definition.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { idleParts } from '../support.ts';

const name = '_acme-challenge.www.shop.example.com';

/** A provider over a host that answers requests to these URLs, and 404 to all others. `asked` has every URL. */
function open(
  definition: ProviderDefinition,
  settings: Readonly<Record<string, string>>,
  answer: (url: URL, headers: Readonly<Record<string, string>>) => unknown,
) {
  const asked: string[] = [];
  const respond = (url: string, headers: Readonly<Record<string, string>> = {}) => {
    asked.push(url);
    const json = url.includes('169.254.169.254')
      ? { access_token: 'token', expires_in: 3599 }
      : (answer(new URL(url), headers) ?? null);
    return Promise.resolve({
      status: json === null ? 404 : 200,
      headers: { 'content-type': ['application/json'] },
      body: Buffer.from(JSON.stringify(json)),
    });
  };
  const provider = definition.create(settings, {
    ...idleParts,
    transport: ({ url, headers }) => respond(url, headers),
    metadata: ({ url }) => respond(url),
  });
  return { provider, asked };
}

const a = 'a'.repeat(32);
const b = 'b'.repeat(32);

test('cloudflare: a zone that is active comes before a longer one that is not', async () => {
  for (const status of ['pending', 'initializing', 'moved', 'deactivated']) {
    const { provider } = open(cloudflare, { apiToken: 'x' }, ({ searchParams }) => {
      const zones = [
        { id: a, name: 'shop.example.com', status },
        { id: b, name: 'example.com', status: 'active' },
      ];
      return { success: true, result: zones.filter((zone) => zone.name === searchParams.get('name')) };
    });
    assert.equal(await provider.findZone(name), 'example.com', status);
  }
});

test('cloudflare: of two zones of one name the active one, and one that is not active where there is no other', async () => {
  const twins = [
    { id: a, name: 'example.com', status: 'moved' },
    { id: b, name: 'example.com', status: 'active' },
  ];
  for (const [zones, id] of [
    [twins, b],
    [twins.slice(0, 1), a],
  ] as const) {
    const { provider, asked } = open(cloudflare, { apiToken: 'x' }, ({ pathname, searchParams }) =>
      pathname.endsWith('/zones')
        ? { success: true, result: searchParams.get('name') === 'example.com' ? zones : [] }
        : { success: true, result: [] },
    );
    await provider.cleanUp({ name, value: 'v' });
    assert.ok(asked.at(-1)?.includes(`/zones/${id}/dns_records`), asked.join('\n'));
  }
});

test('cloudflare: the zone that is given is used, and no other name is written to it', async () => {
  const { provider, asked } = open(cloudflare, { apiToken: 'x', zoneId: a }, ({ pathname }) =>
    pathname.endsWith(`/zones/${a}`)
      ? { success: true, result: { id: a, name: 'example.com', status: 'active' } }
      : null,
  );
  assert.equal(await provider.findZone(name), 'example.com');
  assert.ok(asked.every((url) => url.endsWith(`/zones/${a}`)));
  await assert.rejects(provider.findZone('_acme-challenge.notexample.com'), { code: 'DNS_ZONE_NOT_FOUND' });
  assert.throws(() => open(cloudflare, { apiToken: 'x', zoneId: '../x' }, () => null), {
    code: 'DNS_PROVIDER_SETTING',
  });
});

const zoneOfGoogle = (zone: string, dnsName: string, visibility = 'public') => ({ name: zone, dnsName, visibility });

test('google: of two public zones of one name none is taken; the one that is given is', async () => {
  const zones = [zoneOfGoogle('one', 'example.com.'), zoneOfGoogle('two', 'example.com.')];
  const answer = ({ pathname, searchParams }: URL): unknown => {
    if (pathname.endsWith('/managedZones')) {
      return { managedZones: zones.filter(({ dnsName }) => dnsName === searchParams.get('dnsName')) };
    }
    if (pathname.endsWith('/rrsets')) return { rrsets: [] };
    return zones.find((zone) => pathname.endsWith(`/managedZones/${zone.name}`)) ?? null;
  };
  const unsure = open(google, { project: 'p' }, answer);
  await assert.rejects(
    unsure.provider.cleanUp({ name, value: 'v' }),
    (error) =>
      error instanceof EverbindError &&
      error.code === 'DNS_PROVIDER_SETTING' &&
      error.details['setting'] === 'managedZone',
  );
  const sure = open(google, { project: 'p', managedZone: 'two' }, answer);
  await sure.provider.cleanUp({ name, value: 'v' });
  assert.match(sure.asked.at(-1) ?? '', /\/managedZones\/two\/rrsets\?/);
  assert.equal(await sure.provider.findZone(name), 'example.com');
  await assert.rejects(sure.provider.findZone('_acme-challenge.example.org'), { code: 'DNS_ZONE_NOT_FOUND' });
  await assert.rejects(open(google, { project: 'p', managedZone: 'three' }, answer).provider.findZone(name), {
    code: 'DNS_ZONE_NOT_FOUND',
  });
});

test('google: a private zone of that name is no twin', async () => {
  const zones = [zoneOfGoogle('in', 'shop.example.com.', 'private'), zoneOfGoogle('out', 'example.com.')];
  const { provider } = open(google, { project: 'p' }, ({ searchParams }) => ({
    managedZones: zones.filter(({ dnsName }) => dnsName === searchParams.get('dnsName')),
  }));
  assert.equal(await provider.findZone(name), 'example.com');
});

test('azure: a private zone does not come before a public one', async () => {
  const { provider } = open(azure, { subscriptionId: 's', resourceGroup: 'g' }, ({ pathname }) => {
    if (pathname.endsWith('/dnsZones/shop.example.com')) {
      return { name: 'shop.example.com', properties: { zoneType: 'Private' } };
    }
    return pathname.endsWith('/dnsZones/example.com') ? { name: 'example.com', properties: {} } : null;
  });
  assert.equal(await provider.findZone(name), 'example.com');
});

test('linode: a zone that is disabled or has errors, or is a copy, does not come before one that is served', async () => {
  for (const bad of [{ status: 'disabled' }, { status: 'edit_mode' }, { status: 'has_errors' }, { type: 'slave' }]) {
    const { provider } = open(linode, { apiToken: 'x' }, (_url, headers) => {
      const { domain } = JSON.parse(headers['x-filter'] ?? '{}') as { domain: string };
      const zones = [
        { id: 1, domain: 'shop.example.com', type: 'master', status: 'active', ...bad },
        { id: 2, domain: 'example.com', type: 'master', status: 'active' },
      ];
      return { data: zones.filter((zone) => zone.domain === domain) };
    });
    assert.equal(await provider.findZone(name), 'example.com', JSON.stringify(bad));
  }
});

test('ionos: a zone that is a copy of another server’s is not written to', async () => {
  const { provider } = open(ionos, { apiKey: 'x' }, () => [
    { id: '11af3414-ebba-11e9-8df5-66fbe8a334b4', name: 'shop.example.com', type: 'SLAVE' },
    { id: '22af3414-ebba-11e9-8df5-66fbe8a334b4', name: 'example.com', type: 'NATIVE' },
  ]);
  assert.equal(await provider.findZone(name), 'example.com');
});
