import { deepEqual, equal, rejects } from 'node:assert/strict';
import { test } from 'node:test';
import { createRecords } from '../../../lab/sim-windows/ssl-records.ts';
import { applyChanges, restoreRecords } from '../../../src/iis/records/apply.ts';
import { NEW, OLD, plan, record, site, THEIRS } from '../fixtures.ts';

// Which spelling of a host http.sys keeps, and which it takes for the same, is not documented. Whatever it does: a
// record that is there is changed under its own name, and no second one is made beside it.

const UNICODE = 'bücher.example';
const A_LABELS = 'xn--bcher-kva.example';
const names = [A_LABELS];

const recordsOf = (hostCase: 'ignored' | 'kept') =>
  createRecords(
    () => true,
    async () => {},
    hostCase,
  );
const held = (records: ReturnType<typeof recordsOf>): readonly string[] =>
  records.current().map(({ key, certificateHash }) => `${'host' in key ? key.host : ''} ${certificateHash}`);

for (const hostCase of ['ignored', 'kept'] as const) {
  for (const [inRecord, inBinding] of [
    [UNICODE, A_LABELS],
    [A_LABELS, UNICODE],
    [UNICODE, 'BÜCHER.example'],
    ['Bücher.Example', UNICODE],
    ['XN--BCHER-KVA.example', UNICODE],
  ] as const) {
    test(`the record of ${inRecord} serves the binding of ${inBinding}: changed and restored, case ${hostCase}`, async () => {
      const sslRecords = recordsOf(hostCase);
      await sslRecords.set(record(`${inRecord}:443`, OLD));
      const sites = [site('Books', [`https *:443:${inBinding} 1`])];
      const { changes } = plan({ names, sites, records: await sslRecords.enumerate() });
      await applyChanges({ sslRecords }, changes);
      deepEqual(held(sslRecords), [`${inRecord} ${NEW}`]);
      await restoreRecords({ sslRecords }, changes);
      deepEqual(held(sslRecords), [`${inRecord} ${OLD}`]);
    });
  }

  test(`a record that is missing is made as the binding spells its host, case ${hostCase}`, async () => {
    for (const [inBinding, expected] of [
      [UNICODE, UNICODE],
      ['BÜCHER.example', UNICODE],
      [A_LABELS, A_LABELS],
      [A_LABELS.toUpperCase(), A_LABELS],
    ] as const) {
      const sslRecords = recordsOf(hostCase);
      const sites = [site('Books', [`https *:443:${inBinding} 1`])];
      const { changes } = plan({ names, sites, policy: { sites: ['Books'], adopt: true } });
      await applyChanges({ sslRecords }, changes);
      deepEqual(held(sslRecords), [`${expected} ${NEW}`]);
      await restoreRecords({ sslRecords }, changes);
      deepEqual(held(sslRecords), []);
    }
  });

  test(`a record that somebody else makes in the other form meanwhile is found, case ${hostCase}`, async () => {
    const sslRecords = recordsOf(hostCase);
    const sites = [site('Books', [`https *:443:${UNICODE} 1`])];
    const { changes } = plan({ names, sites, policy: { sites: ['Books'], adopt: true } });
    equal(changes[0]?.before, null);
    await sslRecords.set(record(`${A_LABELS}:443`, THEIRS));
    await rejects(applyChanges({ sslRecords }, changes), { code: 'IIS_RECORD_CHANGED_BY_OTHERS' });
    deepEqual(held(sslRecords), [`${A_LABELS} ${THEIRS}`]);
  });
}
