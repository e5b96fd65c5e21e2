import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { after, before, describe, it } from 'node:test';
import { errorCode } from '../../src/errors/error.ts';
import type { SslRecordKey } from '../../src/ports/windows-host.ts';
import { tlsProbe } from '../../src/verify/tls-probe.ts';
import {
  certified,
  type ContractContext,
  type ContractHost,
  installed,
  issueFor,
  madeKey,
  recordFor,
} from './windows-host-support.ts';

const SITE = 'Everbind contract handshakes';
const HOST = 'tls.contract.test';

export function handshakeContract(name: string, { open, ca }: ContractContext): void {
  describe(`${name}: handshakes`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
      const bindings = `/bindings:https/*:${opened.ports[0]}:${HOST}`;
      await opened.host.appcmd(['add', 'site', `/name:${SITE}`, bindings, `/physicalPath:${opened.folder}`]);
      // IIS registers the URL a while after appcmd has ended; until then nobody may accept a connection.
      for (let waited = 0; waited < 15_000 && !(await isServed()); waited += 50) await sleep(50);
    });
    after(async () => {
      await opened.host.appcmd(['delete', 'site', SITE]);
      await opened.close();
    });

    const served = async (host: string): Promise<string> => {
      const [endpoint] = await opened.host.endpoints('*', opened.ports[0]);
      if (endpoint === undefined) return 'VERIFY_CONNECT_FAILED';
      try {
        const { chain } = await tlsProbe({ ...endpoint, host, timeoutMs: 10_000 });
        return hash('sha1', chain[0] ?? new Uint8Array(), 'hex');
      } catch (error) {
        return errorCode(error);
      }
    };
    const isServed = async (): Promise<boolean> => (await served(HOST)) !== 'VERIFY_CONNECT_FAILED';

    it('knows its own addresses, and no way to one that it does not have', async () => {
      const { host, ports } = opened;
      const own = await host.addresses();
      assert.ok(own.includes('127.0.0.1'), own.join(' '));
      // RFC 5737, RFC 3849: for documentation alone.
      for (const address of ['192.0.2.254', '2001:db8::254']) {
        assert.ok(!own.includes(address));
        assert.deepEqual(await host.endpoints(address, ports[0]), []);
      }
    });

    it('serves what the record says from the next handshake on', async (t) => {
      const { sslRecords } = opened.host;
      const key: SslRecordKey = { kind: 'hostnameport', host: HOST, port: opened.ports[0] };
      const old = await installed(t, opened.host, await ca(), 'MY', HOST);
      const fresh = await installed(t, opened.host, await ca(), 'WebHosting', HOST);
      assert.equal(await served(HOST), 'VERIFY_HANDSHAKE_FAILED');
      await sslRecords.set(recordFor(key, old.thumbprint));
      assert.equal(await served(HOST), old.thumbprint);
      await sslRecords.update(recordFor(key, fresh.thumbprint, 'WebHosting'));
      assert.equal(await served(HOST), fresh.thumbprint);
      await sslRecords.remove(key);
      assert.equal(await served(HOST), 'VERIFY_HANDSHAKE_FAILED');
    });

    for (const algorithm of ['ec-p256', 'ec-p384', 'rsa-2048'] as const) {
      it(`serves a certificate whose ${algorithm} key a provider keeps`, async (t) => {
        const { sslRecords, certificates } = opened.host;
        const { key, publicKey } = await madeKey(t, opened.host, algorithm);
        const { der, thumbprint } = await certified(await ca(), publicKey, HOST);
        await certificates.addWithKey('WebHosting', der, key, 'contract');
        t.after(() => certificates.remove('WebHosting', thumbprint));
        const record = recordFor({ kind: 'hostnameport', host: HOST, port: opened.ports[0] }, thumbprint, 'WebHosting');
        await sslRecords.set(record);
        t.after(() => sslRecords.remove(record.key));
        assert.equal(await served(HOST), thumbprint);
      });

      it(`serves a certificate whose ${algorithm} key was imported`, async (t) => {
        const { sslRecords, certificates } = opened.host;
        const { der, privateKey, thumbprint } = await issueFor(await ca(), algorithm, HOST);
        await certificates.importWithKey('MY', der, privateKey, 'contract');
        t.after(() => certificates.remove('MY', thumbprint));
        const record = recordFor({ kind: 'hostnameport', host: HOST, port: opened.ports[0] }, thumbprint);
        await sslRecords.set(record);
        t.after(() => sslRecords.remove(record.key));
        assert.equal(await served(HOST), thumbprint);
      });
    }

    it('prefers the record of the host to that of every address', async (t) => {
      const { sslRecords } = opened.host;
      const [port] = opened.ports;
      const general = await installed(t, opened.host, await ca(), 'MY', 'general.contract.test');
      const special = await installed(t, opened.host, await ca(), 'MY', HOST);
      const records = [
        recordFor({ kind: 'ipport', address: '0.0.0.0', port }, general.thumbprint),
        recordFor({ kind: 'hostnameport', host: HOST, port }, special.thumbprint),
      ];
      for (const record of records) {
        await sslRecords.set(record);
        t.after(() => sslRecords.remove(record.key));
      }
      assert.equal(await served(HOST), special.thumbprint);
      assert.equal(await served('other.contract.test'), general.thumbprint);
      assert.equal(await served(''), general.thumbprint);
    });
  });
}
