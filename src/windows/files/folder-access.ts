// SYSTEM, Administrators, the built-in administrator, domain and enterprise administrators; the owner, which is judged
// by itself (sddl.h).
const TRUSTED: ReadonlySet<string> = new Set([
  'SY',
  'S-1-5-18',
  'BA',
  'S-1-5-32-544',
  'LA',
  'DA',
  'EA',
  // CREATOR OWNER and OWNER RIGHTS
  'CO',
  'S-1-3-0',
  'OW',
  'S-1-3-4',
  // NT SERVICE\TrustedInstaller
  'S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464',
]);

/**
 * Why a folder is not for SYSTEM, administrators and `self` alone; null when it is. `sddl` has its owner and access
 * list (https://learn.microsoft.com/windows/win32/secauthz/security-descriptor-string-format), `self` is a SID as text.
 */
export function accessProblem(sddl: string, self: string): string | null {
  const trusted = (sid: string): boolean => TRUSTED.has(sid) || sid === self;
  const [, owner, list] = /^O:(.+?)(?:G:.+?)?D:([^()]*(?:\([^()]*\))*)$/.exec(sddl) ?? [];
  if (owner === undefined || list === undefined) return `its security descriptor is ${sddl}`;
  if (!trusted(owner)) return `it belongs to ${owner}`;
  // Without an access list everybody has every right.
  if (list.includes('NO_ACCESS_CONTROL')) return 'it has no access list';
  for (const [, entry = ''] of list.matchAll(/\(([^()]*)\)/g)) {
    const [type = '', , , , , sid = ''] = entry.split(';');
    // An entry that denies access makes the folder no less private.
    if (type === 'D' || type === 'OD' || type === 'XD') continue;
    if (type !== 'A') return `its access list has an entry of the type ${type}`;
    if (!trusted(sid)) return `${sid} has access to it`;
  }
  return null;
}
