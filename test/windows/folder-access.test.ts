import assert from 'node:assert/strict';
import { it } from 'node:test';
import { accessProblem, changeProblem } from '../../src/windows/files/folder-access.ts';

const SELF = 'S-1-5-21-1-2-3-1001';

it('a folder of administrators, SYSTEM and this account alone is private', () => {
  for (const sddl of [
    'O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)',
    'O:BAG:DUD:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)',
    'O:SYG:SYD:(A;;FA;;;S-1-5-18)(A;OICIIO;GA;;;CO)',
    `O:${SELF}D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;${SELF})`,
    'O:S-1-5-32-544D:P(D;;FA;;;WD)(A;;FA;;;LA)',
    // An empty list lets nobody in.
    'O:BAD:P',
  ]) {
    assert.equal(accessProblem(sddl, SELF), null, sddl);
  }
});

it('one that anybody else owns or reaches is not', () => {
  for (const [sddl, problem] of [
    // As inherited from %ProgramData%.
    ['O:BAG:DUD:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;OICIID;0x1200a9;;;BU)', /^BU has access/],
    ['O:BAD:P(A;OICI;FA;;;BA)(A;OICIIO;FR;;;WD)', /^WD has access/],
    ['O:BAD:P(A;OICI;FA;;;BA)(A;;FR;;;S-1-5-21-1-2-3-1002)', /^S-1-5-21-1-2-3-1002 has access/],
    ['O:S-1-5-21-1-2-3-1002D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)', /^it belongs to S-1-5-21-1-2-3-1002/],
    ['O:BUD:P(A;OICI;FA;;;SY)', /^it belongs to BU/],
    ['O:BAD:NO_ACCESS_CONTROL', /no access list/],
    ['O:BAD:P(XA;;FA;;;WD;(WIN://SYSAPPID Exists))', /security descriptor/],
    ['O:BAD:P(OA;;FA;;;BA)', /type OA/],
    ['D:P(A;;FA;;;SY)', /security descriptor/],
    ['O:BAG:BA', /security descriptor/],
    ['', /security descriptor/],
  ] as const) {
    assert.match(accessProblem(sddl, SELF) ?? 'none', problem, sddl);
  }
});

it('a file that others may read at most cannot be changed by them, whoever made it', () => {
  for (const sddl of [
    'O:BAD:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)',
    'O:S-1-5-21-1-2-3-1002D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)',
    'O:BAG:DUD:(A;;FA;;;BA)(A;;0x1200a9;;;BU)(A;;FRFX;;;WD)',
    'O:BAD:(A;;FA;;;BA)(D;;FA;;;WD)',
  ]) {
    assert.equal(changeProblem(sddl, SELF), null, sddl);
  }
});

it('a file that others may write, delete, give away or own is told', () => {
  for (const rights of [
    'FA',
    'FW',
    'FRFW',
    'GA',
    'GW',
    'SD',
    'WD',
    'WO',
    '0x2',
    '0x10000',
    '0x1301bf',
    '0x40000',
    '?',
    'F',
  ]) {
    const sddl = `O:BAD:(A;;FA;;;BA)(A;;${rights};;;BU)`;
    assert.match(changeProblem(sddl, SELF) ?? 'none', /^BU has access/, sddl);
  }
  assert.match(changeProblem('O:BAD:NO_ACCESS_CONTROL', SELF) ?? 'none', /no access list/);
  assert.match(changeProblem('', SELF) ?? 'none', /security descriptor/);
});
