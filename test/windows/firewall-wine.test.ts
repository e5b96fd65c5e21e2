import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { ensureLab } from '../../lab/wine/lab.ts';
import type { WinePrefix } from '../../lab/wine/prefix.ts';
import { setRegistryValues } from '../../lab/wine/registry-file.ts';
import { startWineHost, type WineHost } from '../../lab/wine/wine-host.ts';
import type { InboundReceiver } from '../../src/ports/windows-host.ts';

// Wine has no firewall: these are the registry values of one, read by real calls. Each question is one port.

const SERVICES = 'System\\ControlSet001\\Services';
const LOCAL = `${SERVICES}\\SharedAccess\\Parameters\\FirewallPolicy`;
const POLICY = 'Software\\Policies\\Microsoft\\WindowsFirewall';
const ON = 'dword:00000001';
const OFF = 'dword:00000000';

function rule(...fields: readonly string[]): string {
  return JSON.stringify(`v2.30|Active=TRUE|Dir=In|Protocol=6|${fields.join('|')}|`);
}

describe('the firewall under Wine', () => {
  let prefix: WinePrefix;
  let wine: WineHost;
  before(async () => {
    prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null });
    const execPath = (await prefix.run(['-p', 'process.execPath'])).stdout.trim();
    await prefix.stop();
    const set = (key: string, values: Readonly<Record<string, string>>): Promise<void> =>
      setRegistryValues(join(prefix.folder, 'system.reg'), key, values);
    await set(`${SERVICES}\\MpsSvc`, { Start: 'dword:00000002' });
    for (const profile of ['DomainProfile', 'StandardProfile', 'PublicProfile']) {
      await set(`${LOCAL}\\${profile}`, { EnableFirewall: ON });
    }
    await set(`${LOCAL}\\FirewallRules`, {
      'IIS-WebServerRole-HTTP-In-TCP': rule('Action=Allow', 'LPort=80', 'App=System', 'Name=@x.dll,-1'),
      '{program}': rule('Action=Allow', 'LPort=81', `App=${execPath.toUpperCase()}`),
      '{variable}': rule('Action=Allow', 'LPort=82', 'App=%EVERBIND_NODE%'),
      '{block}': rule('Action=Block', 'LPort=83'),
      '{port}': rule('Action=Allow', 'LPort=83', 'LPort2_10=84-85'),
      '{number}': 'dword:00000007',
      ...Object.fromEntries(
        Array.from({ length: 400 }, (_, index) => [`{${index}}`, rule('Action=Allow', `LPort=${1000 + index}`)]),
      ),
    });
    await set(`${POLICY}\\FirewallRules`, { '{policy}': rule('Action=Block', 'LPort=85', 'App=System') });
    await set(`${POLICY}\\PublicProfile`, { AllowLocalPolicyMerge: OFF, EnableFirewall: OFF });
    wine = await startWineHost(prefix, { EVERBIND_NODE: execPath });
  });
  after(async () => {
    await wine.close();
    await prefix.remove();
  });

  // The firewall is off on public networks, so that nothing is blocked on all.
  for (const [port, receiver, expected] of [
    [80, 'http.sys', 'allowed'],
    [80, 'program', 'unknown'],
    [81, 'program', 'allowed'],
    [81, 'http.sys', 'unknown'],
    [82, 'program', 'allowed'],
    [83, 'program', 'unknown'],
    [84, 'http.sys', 'allowed'],
    [85, 'http.sys', 'unknown'],
    [85, 'program', 'allowed'],
    [1399, 'http.sys', 'allowed'],
    [1400, 'http.sys', 'unknown'],
  ] as const satisfies readonly (readonly [number, InboundReceiver, string])[]) {
    it(`port ${port}, ${receiver}: ${expected}`, async () => {
      assert.equal(await wine.host.allowsInbound(port, receiver), expected);
    });
  }
});

describe('the firewall of a machine whose Group Policy ignores local rules', () => {
  it('is not known before there is one, and then lets in what the policy says', async () => {
    const prefix = await (await ensureLab()).newPrefix({ applicationHostConfig: null });
    const look = async (): Promise<readonly string[]> => {
      const wine = await startWineHost(prefix);
      const found = [await wine.host.allowsInbound(80, 'http.sys'), await wine.host.allowsInbound(8080, 'http.sys')];
      await wine.close();
      await prefix.stop();
      return found;
    };
    assert.deepEqual(await look(), ['unknown', 'unknown']);
    const file = join(prefix.folder, 'system.reg');
    await setRegistryValues(file, `${SERVICES}\\MpsSvc`, { Start: 'dword:00000002' });
    for (const profile of ['DomainProfile', 'PrivateProfile', 'PublicProfile']) {
      await setRegistryValues(file, `${POLICY}\\${profile}`, { EnableFirewall: ON, AllowLocalPolicyMerge: OFF });
    }
    await setRegistryValues(file, `${LOCAL}\\FirewallRules`, { '{1}': rule('Action=Allow', 'LPort=80', 'App=System') });
    await setRegistryValues(file, `${POLICY}\\FirewallRules`, { '{2}': rule('Action=Allow', 'LPort=8080') });
    assert.deepEqual(await look(), ['blocked', 'allowed']);
    await prefix.remove();
  });
});
