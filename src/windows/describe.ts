import { hostname, release, version } from 'node:os';
import type { HostDescription, RoleService } from '../ports/windows-host.ts';
import { isAdministrator } from './administrator.ts';
import type { Native } from './ffi/native.ts';
import { registryNumber } from './registry.ts';

const IIS_KEY = 'SOFTWARE\\Microsoft\\InetStp';
const CENTRAL_STORE_KEY = 'SOFTWARE\\Microsoft\\IIS\\CentralCertProvider';
const SERVICES = [
  ['W3SVC', 'web'],
  ['FTPSVC', 'ftp'],
] as const;
/** SERVICE_DISABLED of winsvc.h. */
const DISABLED = 4;

/**
 * What this machine is. Node takes edition and build of Windows from RtlGetVersion, which tells the truth to programs
 * without a manifest too.
 */
export function describeHost(native: Native): HostDescription {
  const major = registryNumber(native, IIS_KEY, 'MajorVersion');
  const minor = registryNumber(native, IIS_KEY, 'MinorVersion');
  return {
    os: `${version()} (${release()})`,
    elevated: isAdministrator(native),
    iisVersion: major === null ? null : `${major}.${minor ?? 0}`,
    machineName: hostname(),
    roleServices: roleServices(native),
  };
}

function roleServices(native: Native): readonly RoleService[] {
  const found: RoleService[] = [];
  for (const [service, role] of SERVICES) {
    const start = registryNumber(native, `SYSTEM\\CurrentControlSet\\Services\\${service}`, 'Start');
    if (start !== null && start !== DISABLED) found.push(role);
  }
  if (registryNumber(native, CENTRAL_STORE_KEY, 'Enabled') === 1) found.push('central-certificate-store');
  return found;
}
