import { EverbindError } from '../errors/error.ts';
import type { HostDescription } from '../ports/windows-host.ts';

// IIS 10 came with Windows Server 2016, the oldest that Node runs on.
const OLDEST = 10;

/**
 * Why Everbind cannot work on this server; null when it can. Codes: WIN_NOT_ELEVATED, IIS_NOT_INSTALLED, IIS_TOO_OLD.
 */
export function hostProblem({ os, elevated, iisVersion, roleServices }: HostDescription): EverbindError | null {
  if (iisVersion === null) return new EverbindError('IIS_NOT_INSTALLED', `${os} has no IIS`, { os });
  if (Number.parseInt(iisVersion, 10) < OLDEST) {
    return new EverbindError('IIS_TOO_OLD', `IIS ${iisVersion} is too old`, { os, iisVersion });
  }
  if (!roleServices.includes('web')) {
    return new EverbindError('IIS_NOT_INSTALLED', 'the World Wide Web Publishing Service is absent or disabled', {
      os,
    });
  }
  if (!elevated) {
    const message =
      'certificates, http.sys and the configuration of IIS are for administrators, which this process is not';
    return new EverbindError('WIN_NOT_ELEVATED', message, { os });
  }
  return null;
}
