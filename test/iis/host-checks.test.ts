import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostProblem } from '../../src/iis/host-checks.ts';

const server = {
  os: 'Windows Server 2022 (20348)',
  elevated: true,
  iisVersion: '10.0',
  machineName: 'WEB1',
  roleServices: ['web'],
} as const;

test('a server that can be worked on has no problem', () => {
  assert.equal(hostProblem(server), null);
});

test('each reason to refuse has its code; the one that elevation does not fix comes first', () => {
  assert.equal(hostProblem({ ...server, elevated: false })?.code, 'WIN_NOT_ELEVATED');
  assert.equal(hostProblem({ ...server, iisVersion: null, elevated: false })?.code, 'IIS_NOT_INSTALLED');
  for (const iisVersion of ['7.5', '8.0', '8.5']) {
    assert.equal(hostProblem({ ...server, iisVersion })?.code, 'IIS_TOO_OLD', iisVersion);
  }
  assert.equal(hostProblem({ ...server, roleServices: ['ftp'] })?.code, 'IIS_NOT_INSTALLED');
});
