import assert from 'node:assert/strict';
import { it } from 'node:test';
import { freePorts } from '../../lab/loopback.ts';
import { createWindowsHost } from '../../src/windows/host.ts';
import { type ContractHost, windowsHostContract } from '../ports/windows-host.ts';

// The contract of WindowsHost on a Windows server with IIS, in an elevated process. Elsewhere: that there is no such
// host.

async function open(): Promise<ContractHost> {
  const [https = 0, http = 0] = await freePorts(2);
  return {
    host: await createWindowsHost(),
    folder: `${process.env['SystemDrive'] ?? 'C:'}\\everbind-contract-${process.pid}`,
    ports: [https, http],
    // What its devices can do differs from server to server.
    limitedProvider: null,
    deviceless: null,
    close: async () => {},
  };
}

if (process.platform === 'win32') {
  windowsHostContract('windows', open);
} else {
  it('there is no Windows host on another system, and koffi is not loaded to find out', async () => {
    await assert.rejects(createWindowsHost(), { code: 'WIN_NOT_WINDOWS' });
    const { sharedObjects } = process.report.getReport() as { readonly sharedObjects: readonly string[] };
    assert.ok(sharedObjects.length > 0);
    assert.deepEqual(
      sharedObjects.filter((path) => path.includes('koffi')),
      [],
    );
  });
}
