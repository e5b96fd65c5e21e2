import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createLabCa } from '../../lab/test-ca.ts';
import { ensureLab } from '../../lab/wine/lab.ts';
import type { WinePrefix } from '../../lab/wine/prefix.ts';
import { WindowsError } from '../../src/errors/error.ts';
import type { SslRecord, SslRecordKey } from '../../src/ports/windows-host.ts';
import { comparable, type ContractCertificate, issue, recordFor } from '../ports/windows-host-support.ts';
import { startWineHost, type WineHost } from '../../lab/wine/wine-host.ts';

// TLS records where http.sys cannot replace one at once: Windows Server 2016 has no HttpUpdateServiceConfiguration, and
// no Windows has it for scoped records of the central store. Whatever fails on the way, the old record or the new one
// is there afterwards.

const QUERY = 'HttpQueryServiceConfiguration';
const DELETE = 'HttpDeleteServiceConfiguration';
const SET = 'HttpSetServiceConfiguration';
// Queries of what lies beside a record, by their ids.
const EXTENDED = /^(?:8|9|10|12) /;
const keys: readonly SslRecordKey[] = [
  { kind: 'hostnameport', host: 'replaced.contract.test', port: 8443 },
  { kind: 'ipport', address: '2001:db8::7', port: 8443 },
  { kind: 'scopedccs', host: 'scoped.contract.test', port: 8443 },
];

describe('TLS records of a Windows without HttpUpdateServiceConfiguration', () => {
  let prefix: WinePrefix;
  let plain: WineHost;
  let old: ContractCertificate;
  let fresh: ContractCertificate;
  let runs = 0;
  before(async () => {
    const ca = await createLabCa('Everbind records');
    prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null, update: false });
    plain = await startWineHost(prefix);
    [old, fresh] = [await issue(ca, 'old.contract.test'), await issue(ca, 'new.contract.test')];
    for (const { der, privateKey } of [old, fresh]) {
      await plain.host.certificates.importWithKey('MY', der, privateKey, 'contract');
    }
  });
  after(async () => {
    await plain.close();
    await prefix.remove();
  });

  const recordOf = (key: SslRecordKey, { thumbprint }: ContractCertificate, flags: number): SslRecord => ({
    ...recordFor(key, key.kind === 'scopedccs' ? null : thumbprint, key.kind === 'scopedccs' ? null : 'MY'),
    flags,
  });

  /**
   * Updates in a process whose native calls fail as `faults` says: its failure, the calls for records that it made, the
   * record afterwards.
   */
  async function update(key: SslRecordKey, faults: string) {
    await plain.host.sslRecords.set(recordOf(key, old, 1));
    runs += 1;
    const file = `calls-${runs}.txt`;
    const faulty = await startWineHost(prefix, { EVERBIND_LAB_FAULTS: faults, EVERBIND_LAB_CALLS: `C:\\${file}` });
    const error = await faulty.host.sslRecords.update(recordOf(key, fresh, 2)).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    await faulty.close();
    const found = await plain.host.sslRecords.query(key);
    if (found !== null) await plain.host.sslRecords.remove(key);
    const lines = (await readFile(join(prefix.driveC, file), 'utf8')).split('\n');
    const calls = lines
      .map((line) => line.split('\t'))
      .filter(([, call = '', , , about = '']) => call.endsWith('Configuration') && !EXTENDED.test(about))
      .map(([, call]) => call);
    return { error, calls, found };
  }

  for (const key of keys) {
    it(`replaces a ${key.kind} record by removing and setting`, async () => {
      const { error, calls, found } = await update(key, '');
      assert.equal(error, null);
      assert.deepEqual(calls, [QUERY, DELETE, SET]);
      assert.deepEqual(comparable(found), comparable(recordOf(key, fresh, 2)));
    });

    // Each call fails in turn: before it did anything, and after it did everything.
    const failing: readonly (readonly [string, number, readonly string[]])[] = [
      [`${QUERY}:1:5`, 5, [QUERY]],
      [`${DELETE}:1:5`, 5, [QUERY, DELETE, QUERY]],
      [`${DELETE}:after:1:5`, 5, [QUERY, DELETE, QUERY, SET]],
      [`${SET}:1:1312`, 1312, [QUERY, DELETE, SET, SET]],
      [`${SET}:1:5,${SET}:2:5`, 5, [QUERY, DELETE, SET, SET, SET]],
      [`${SET}:1:5,${SET}:2:5,${SET}:3:5`, 5, [QUERY, DELETE, SET, SET, SET, SET]],
    ];
    for (const [faults, status, expected] of failing) {
      it(`keeps the old ${key.kind} record when ${faults} fails`, async () => {
        const { error, calls, found } = await update(key, faults);
        assert.ok(error instanceof WindowsError);
        assert.equal(error.status, status);
        assert.notEqual(error.details['recordInPlace'], false);
        assert.deepEqual(calls, expected);
        assert.deepEqual(comparable(found), comparable(recordOf(key, old, 1)));
      });
    }

    it(`says so when the old ${key.kind} record could not be set again`, async () => {
      const { error, found } = await update(key, `${SET}:*:5`);
      assert.ok(error instanceof WindowsError);
      assert.equal(error.details['recordInPlace'], false);
      assert.equal(found, null);
    });
  }

  it('leaves the new record when the call that set it failed only afterwards', async () => {
    const [key] = keys;
    assert.ok(key !== undefined);
    const { error, found } = await update(key, `${SET}:after:1:5`);
    assert.ok(error instanceof WindowsError);
    assert.equal(error.details['recordInPlace'], true);
    assert.deepEqual(comparable(found), comparable(recordOf(key, fresh, 2)));
  });
});
