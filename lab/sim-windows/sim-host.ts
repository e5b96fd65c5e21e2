import { WindowsError } from '../../src/errors/error.ts';
import { win32Of } from '../../src/iis/appcmd-status.ts';
import type { AppcmdResult, SiteFiles, SslRecord, WindowsHost } from '../../src/ports/windows-host.ts';
import type { SimKeys } from './key-providers.ts';
import type { SimStores } from './certificate-stores.ts';
import type { FaultBoard } from './faults.ts';
import { callHost, hostFromCalls } from './host-calls.ts';
import { letsIn, type SimFirewall } from './serving/firewall.ts';
import type { SimWindows } from './sim-types.ts';
import type { SimRecords } from './ssl-records.ts';
import type { UrlRegistrations } from './serving/url-registrations.ts';

const ACCESS_DENIED = 5;
const NTE_PERM = 0x80090010;
const needElevation = new Set([
  'certificates.importWithKey',
  'certificates.add',
  'certificates.addWithKey',
  'certificates.remove',
  'sslRecords.set',
  'sslRecords.update',
  'sslRecords.remove',
]);
// Machine keys open to SYSTEM and Administrators only.
const administratorsKeys = new Set(['keys.create', 'keys.publicKey', 'keys.sign', 'keys.remove']);
const stickable = new Set(['sslRecords.set', 'sslRecords.update', 'sslRecords.remove']);

/** The parts of the double as one WindowsHost, every call of which passes the fault switches. */
export function createSimHost(parts: {
  readonly elevated: boolean;
  readonly faults: FaultBoard;
  readonly appcmd: (args: readonly string[]) => Promise<AppcmdResult>;
  readonly stores: SimStores;
  readonly keys: SimKeys;
  readonly records: SimRecords;
  readonly files: SiteFiles;
  readonly registrations: UrlRegistrations;
  readonly endpoints: WindowsHost['endpoints'];
  readonly addresses: WindowsHost['addresses'];
  readonly firewall: SimFirewall;
}): Pick<SimWindows, 'host' | 'serveAsync'> {
  const { elevated, faults } = parts;
  const serveAsync: SimWindows['serveAsync'] = (prefix, answer) =>
    faults.around('httpServer.serve', () => parts.registrations.add(prefix, answer));
  const serve: WindowsHost['httpServer']['serve'] = (prefix, answer) =>
    serveAsync(prefix, async (request) => answer(request));
  const bare: WindowsHost = {
    describe: async () => ({
      os: 'Windows Server (sim-windows)',
      elevated,
      iisVersion: '10.0',
      machineName: 'SIM-WINDOWS',
      roleServices: ['web', 'ftp'],
    }),
    appcmd: async (args) => {
      const result = faults.appcmd(args) ?? (await parts.appcmd(args));
      return { ...result, exitCode: win32Of(result.exitCode) };
    },
    certificates: parts.stores,
    keys: parts.keys,
    sslRecords: parts.records,
    files: parts.files,
    httpServer: { serve },
    allowsInbound: async (port, receiver) => (letsIn(parts.firewall, port, receiver) ? 'allowed' : 'blocked'),
    endpoints: parts.endpoints,
    addresses: parts.addresses,
  };
  const host = hostFromCalls(
    (name, parameters) =>
      faults.around(name, async () => {
        if (!elevated && needElevation.has(name)) throw new WindowsError(name, ACCESS_DENIED);
        if (!elevated && administratorsKeys.has(name)) throw new WindowsError(name, NTE_PERM);
        if (stickable.has(name)) {
          const [given] = parameters as [SslRecord | SslRecord['key']];
          if (faults.sticks('key' in given ? given.key : given)) return undefined;
        }
        return callHost(bare, name, parameters);
      }),
    serve,
  );
  return { host, serveAsync };
}
