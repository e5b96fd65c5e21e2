import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createLabCa } from '../../lab/test-ca.ts';
import { startWineHost, type WineHost } from '../../lab/wine/wine-host.ts';
import { errorCode } from '../../src/errors/error.ts';
import type { SslRecord, SslRecordKey } from '../../src/ports/windows-host.ts';
import { openProbeHost, type ProbeHost } from '../lab/wine/wine-doubles-probe.ts';
import { comparable, type ContractCertificate, issue, recordFor } from '../ports/windows-host-support.ts';

// What lies beside a record (TLS restrictions, HTTP/2 windows, session ticket keys: the ids 8, 9, 10 and 12) goes with
// it when the record is removed, and http.sys has no call that brings all of it back.

const TLS_RESTRICTIONS = '3';
const HOST: SslRecordKey = { kind: 'hostnameport', host: 'beside.contract.test', port: 8443 };
const ADDRESS: SslRecordKey = { kind: 'ipport', address: '192.0.2.7', port: 8443 };
const CENTRAL: SslRecordKey = { kind: 'scopedccs', host: 'beside.contract.test', port: 8443 };

const TITLES = {
  'hostnameport false': 'a record by host is left as it is where Windows cannot replace it in one call',
  'ipport false': 'a record by address is left as it is where Windows cannot replace it in one call',
  'scopedccs false': 'a record of the central store is left as it is where Windows can update no record',
  'hostnameport true': 'a record by host keeps them where Windows replaces it in one call',
  'ipport true': 'a record by address keeps them where Windows replaces it in one call',
  'scopedccs true': 'a record of the central store is left as it is where Windows can update others only',
} as const;

for (const update of [false, true] as const) {
  describe(`extended parameters of records, ${update ? 'with' : 'without'} HttpUpdateServiceConfiguration`, () => {
    let probes: ProbeHost;
    let wine: WineHost;
    let old: ContractCertificate;
    let fresh: ContractCertificate;
    before(async () => {
      const ca = await createLabCa('Everbind extended parameters');
      [old, fresh] = [await issue(ca, 'old.contract.test'), await issue(ca, 'new.contract.test')];
      probes = await openProbeHost({ applicationHostConfig: null, update });
      wine = await startWineHost(probes.prefix);
      for (const { der, privateKey } of [old, fresh]) {
        await wine.host.certificates.importWithKey('MY', der, privateKey, 'contract');
      }
    });
    after(async () => {
      await wine.close();
      await probes.close();
    });

    const recordOf = (key: SslRecordKey, { thumbprint }: ContractCertificate, flags: number): SslRecord => ({
      ...recordFor(key, key.kind === 'scopedccs' ? null : thumbprint, key.kind === 'scopedccs' ? null : 'MY'),
      flags,
    });
    const cases = [
      [HOST, '9', 'beside.contract.test:8443'],
      [ADDRESS, '8', '192.0.2.7:8443'],
      [CENTRAL, '12', 'beside.contract.test:8443'],
    ] as const;

    for (const [key, id, name] of cases) {
      // Update is documented for the ids 1, 5 and 6 alone.
      const isRefused = !update || key.kind === 'scopedccs';
      it(TITLES[`${key.kind} ${update}`], async () => {
        const { sslRecords } = wine.host;
        await sslRecords.set(recordOf(key, old, 1));
        const set = await probes.probe('http-probe', [
          ['set-extended', id, name, TLS_RESTRICTIONS, '5'],
          ['query-extended', id, name, TLS_RESTRICTIONS],
          ['query-extended', id, name, '0'],
        ]);
        assert.deepEqual(set, ['0', '0 flags=5', '2']);
        const code = await sslRecords.update(recordOf(key, fresh, 2)).then(() => null, errorCode);
        assert.equal(code, isRefused ? 'IIS_RECORD_HAS_EXTENDED_PARAMETERS' : null);
        const expected = isRefused ? recordOf(key, old, 1) : recordOf(key, fresh, 2);
        assert.deepEqual(comparable(await sslRecords.query(key)), comparable(expected));
        const still = await probes.probe('http-probe', [['query-extended', id, name, TLS_RESTRICTIONS]]);
        assert.deepEqual(still, ['0 flags=5']);
        await sslRecords.remove(key);
        await sslRecords.set(recordOf(key, old, 1));
        assert.deepEqual(await probes.probe('http-probe', [['query-extended', id, name, TLS_RESTRICTIONS]]), ['2']);
        await sslRecords.update(recordOf(key, fresh, 2));
        assert.deepEqual(comparable(await sslRecords.query(key)), comparable(recordOf(key, fresh, 2)));
        await sslRecords.remove(key);
      });
    }
  });
}
