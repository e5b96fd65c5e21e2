import { createLabCa, type LabCa } from '../../lab/test-ca.ts';
import { describeContract } from './windows-host-describe.ts';
import { appcmdContract } from './windows-host-appcmd.ts';
import { certificatesContract } from './windows-host-certificates.ts';
import { filesContract } from './windows-host-files.ts';
import { httpServerContract } from './windows-host-http.ts';
import { keysContract } from './windows-host-keys.ts';
import { recordsContract } from './windows-host-records.ts';
import type { ContractContext, ContractHost } from './windows-host-support.ts';
import { handshakeContract } from './windows-host-handshakes.ts';

export type { ContractHost } from './windows-host-support.ts';

/**
 * The contract of WindowsHost, the same for every host. It knows the port alone: what it asserts must hold on Windows
 * too. `open` is called once for each part.
 */
export function windowsHostContract(name: string, open: () => Promise<ContractHost>): void {
  let made: Promise<LabCa> | null = null;
  const context: ContractContext = {
    open,
    ca: () => {
      made ??= createLabCa('Everbind contract');
      return made;
    },
  };
  describeContract(name, context);
  certificatesContract(name, context);
  keysContract(name, context);
  recordsContract(name, context);
  filesContract(name, context);
  httpServerContract(name, context);
  appcmdContract(name, context);
  handshakeContract(name, context);
}
