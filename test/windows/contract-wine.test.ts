import { after } from 'node:test';
import { freePorts } from '../../lab/loopback.ts';
import { startFront } from '../../lab/wine/front/front.ts';
import { ensureLab } from '../../lab/wine/lab.ts';
import type { WinePrefix } from '../../lab/wine/prefix.ts';
import { startWineHost } from '../../lab/wine/wine-host.ts';
import { createLabCa } from '../../lab/test-ca.ts';
import { once } from '../../src/concurrency/once.ts';
import { type ContractHost, windowsHostContract } from '../ports/windows-host.ts';
import { recordsContract } from '../ports/windows-host-records.ts';
import { configurationOf } from '../lab/sim-windows/support.ts';

// src/windows keeps the contract of WindowsHost under Wine. Real there: koffi, the FFI tables, certificate stores, the
// HTTP server, node.exe. Doubles: keys, TLS records and appcmd (lab/wine/doubles), and TLS itself (lab/wine/front).

/** By whether http.sys has HttpUpdateServiceConfiguration. */
const prefixes = new Map<boolean, Promise<WinePrefix>>();
after(async () => {
  for (const prefix of prefixes.values()) await (await prefix).remove();
});

async function open(update: boolean): Promise<ContractHost> {
  const applicationHostConfig = configurationOf({ name: 'Default Web Site', bindings: [['http', '*:80:']] });
  const made = prefixes.get(update) ?? ensureLab().then((lab) => lab.newPrefix({ applicationHostConfig, update }));
  prefixes.set(update, made);
  const prefix = await made;
  const wine = await startWineHost(prefix);
  const front = await startFront(wine.host, prefix);
  const [https = 0, http = 0] = await freePorts(2);
  // Real http.sys responds with 404 to what nobody registered; Wine's lets the client wait. This stands for it.
  const unregistered = await wine.host.httpServer.serve(`http://+:${http}/`, () => null);
  return {
    host: wine.host,
    folder: 'C:\\everbind-contract',
    ports: [https, http],
    limitedProvider: { provider: 'Microsoft Platform Crypto Provider', refuses: ['ec-p384', 'rsa-3072'] },
    deviceless: 'Microsoft Smart Card Key Storage Provider',
    close: async () => {
      await unregistered();
      await front.stop();
      await wine.close();
    },
  };
}

windowsHostContract('windows under Wine', () => open(true));

// Windows Server 2016 has no such call.
const ca = once(() => createLabCa('Everbind contract'));
recordsContract('windows under Wine without HttpUpdateServiceConfiguration', { open: () => open(false), ca });
