import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { connectSimWindows } from '../../../lab/sim-windows/client.ts';
import { createLabCa } from '../../../lab/test-ca.ts';
import { certified, madeKey, SOFTWARE_PROVIDER, statusOf } from '../../ports/windows-host-support.ts';
import { configurationOf, iisRecord, served, simFor } from './support.ts';

const configuration = configurationOf({ name: 'Shop', bindings: [['https', '*:443:shop.test', 1]] });

test('without its key a certificate is neither served nor taken for a record', async (t) => {
  const { host, snapshot } = await simFor(t, configuration);
  const { key, publicKey } = await madeKey(t, host, 'ec-p256');
  const { der, thumbprint } = await certified(await createLabCa('keys'), publicKey, 'shop.test');
  await host.certificates.addWithKey('MY', der, key, 'shop');
  const record = iisRecord({ kind: 'hostnameport', host: 'shop.test', port: 443 }, thumbprint);
  await host.sslRecords.set(record);
  assert.equal(await served(host, '*', 443, 'shop.test'), 'shop.test');
  assert.deepEqual((await snapshot()).keys, [`${key.provider}/${key.name}`]);
  await host.keys.remove(key);
  assert.equal(await served(host, '*', 443, 'shop.test'), 'VERIFY_HANDSHAKE_FAILED');
  assert.equal(await statusOf(host.sslRecords.update(record)), 1312);
});

test('the device of a key goes away and comes back, also for another process and for handshakes', async (t) => {
  const sim = await simFor(t, configuration, { socket: true });
  const client = connectSimWindows(sim.socketPath ?? '');
  t.after(async () => client.close());
  const key = { provider: 'Microsoft Platform Crypto Provider', name: 'k' };
  await client.keys.create(key, 'ec-p256');
  const publicKey = (await client.keys.publicKey(key)) ?? new Uint8Array();
  const { der, thumbprint } = await certified(await createLabCa('keys'), publicKey, 'shop.test');
  await client.certificates.addWithKey('MY', der, key, 'shop');
  await client.sslRecords.set(iisRecord({ kind: 'hostnameport', host: 'shop.test', port: 443 }, thumbprint));
  await client.keyDevices.away(key.provider);
  assert.equal(await statusOf(client.keys.publicKey(key)), 0x80090030);
  assert.equal(await statusOf(client.keys.sign(key, 'ES256', new Uint8Array())), 0x80090030);
  assert.equal(await statusOf(client.keys.remove(key)), 0x80090030);
  assert.equal(await served(sim.host, '*', 443, 'shop.test'), 'VERIFY_HANDSHAKE_FAILED');
  await client.keyDevices.away(key.provider, 0x80090016);
  assert.equal(await client.keys.publicKey(key), null);
  assert.equal(await statusOf(client.keys.create({ ...key, name: 'l' }, 'ec-p256')), 0x80090016);
  await client.keys.remove(key);
  await client.keyDevices.back(key.provider);
  assert.deepEqual(await client.keys.publicKey(key), publicKey);
  assert.equal(await served(sim.host, '*', 443, 'shop.test'), 'shop.test');
});

test('with an RSA key of a TPM that does not sign with RSA-PSS, TLS 1.2 works and TLS 1.3 does not', async (t) => {
  const protocolOf = async (tpmPss: 'none' | 'digest-salt', maxVersion: 'TLSv1.2' | 'TLSv1.3'): Promise<string> => {
    const { host } = await simFor(t, configuration, { keyProviders: { tpmPss } });
    const key = { provider: 'Microsoft Platform Crypto Provider', name: 'k' };
    await host.keys.create(key, 'rsa-2048');
    const publicKey = (await host.keys.publicKey(key)) ?? new Uint8Array();
    const { der, thumbprint } = await certified(await createLabCa('keys'), publicKey, 'shop.test');
    await host.certificates.addWithKey('MY', der, key, 'shop');
    await host.sslRecords.set(iisRecord({ kind: 'hostnameport', host: 'shop.test', port: 443 }, thumbprint));
    const [endpoint] = await host.endpoints('*', 443);
    assert.ok(endpoint !== undefined);
    const { address, port } = endpoint;
    // Only whether the handshake completes is looked at; nobody trusts the lab's CA.
    const socket = connect({ host: address, port, servername: 'shop.test', maxVersion, rejectUnauthorized: false });
    const failed = once(socket, 'error').then(() => 'failed');
    const protocol = await Promise.race([failed, once(socket, 'secureConnect').then(() => socket.getProtocol() ?? '')]);
    socket.destroy();
    return protocol;
  };
  assert.equal(await protocolOf('none', 'TLSv1.2'), 'TLSv1.2');
  assert.equal(await protocolOf('none', 'TLSv1.3'), 'failed');
  assert.equal(await protocolOf('digest-salt', 'TLSv1.3'), 'TLSv1.3');
});

test('without administrator’s rights no key is made, read, used or removed', async (t) => {
  const { host } = await simFor(t, configuration, { elevated: false });
  const key = { provider: SOFTWARE_PROVIDER, name: 'k' };
  for (const work of [
    host.keys.create(key, 'ec-p256'),
    host.keys.publicKey(key),
    host.keys.sign(key, 'ES256', new Uint8Array()),
    host.keys.remove(key),
  ]) {
    assert.equal(await statusOf(work), 0x80090010);
  }
  assert.ok((await host.keys.providers()).length > 0);
});
