import assert from 'node:assert/strict';
import { test } from 'node:test';
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
