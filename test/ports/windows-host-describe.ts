import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { hostProblem } from '../../src/iis/host-checks.ts';
import type { ContractContext, ContractHost } from './windows-host-support.ts';

export function describeContract(name: string, { open }: ContractContext): void {
  describe(`${name}: description`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
    });
    after(() => opened.close());

    it('is that of a server with IIS, and of an administrator', async () => {
      const description = await opened.host.describe();
      assert.match(description.os, /^Windows /);
      assert.match(description.iisVersion ?? '', /^\d+\.\d+$/);
      assert.ok(description.roleServices.includes('web'));
      assert.notEqual(description.machineName, '');
      assert.equal(hostProblem(description), null);
    });

    it('says of the firewall what it knows', async () => {
      for (const receiver of ['http.sys', 'program'] as const) {
        const access = await opened.host.allowsInbound(80, receiver);
        assert.ok(['allowed', 'blocked', 'unknown'].includes(access), access);
      }
    });
  });
}
