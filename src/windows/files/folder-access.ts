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
  const { owner, list } = partsOf(sddl);
  if (owner === null || list === null) return `its security descriptor is ${sddl}`;
  if (!isTrusted(owner, self)) return `it belongs to ${owner}`;
  return listProblem(list, self, () => true);
}

/**
 * Why others than SYSTEM, administrators and `self` can change a file; null when they cannot. Its owner is not judged:
 * what an administrator makes in a private folder may belong to that account. Who may only read it is not judged
 * either.
 */
export function changeProblem(sddl: string, self: string): string | null {
  const { list } = partsOf(sddl);
  return list === null ? `its security descriptor is ${sddl}` : listProblem(list, self, mayChange);
}

/** Rights by their names that change neither a file nor who may (sddl.h). */
const ONLY_READS: ReadonlySet<string> = new Set(['FR', 'FX', 'GR', 'GX', 'RC']);

/** Of FILE_GENERIC_READ and FILE_GENERIC_EXECUTE, and GENERIC_READ and GENERIC_EXECUTE (winnt.h). */
const READING_BITS = 0xa012_00a9;

/** Rights as hexadecimal number or as names of two letters; what is not known counts as a change. */
function mayChange(rights: string): boolean {
  if (/^0x[0-9a-f]{1,8}$/i.test(rights)) return (Number(rights) & ~READING_BITS) !== 0;
  return rights.length % 2 !== 0 || (rights.match(/../g) ?? []).some((right) => !ONLY_READS.has(right));
}

function isTrusted(sid: string, self: string): boolean {
  return TRUSTED.has(sid) || sid === self;
}

function partsOf(sddl: string): { readonly owner: string | null; readonly list: string | null } {
  const [, owner = null, list = null] = /^O:(.+?)(?:G:.+?)?D:([^()]*(?:\([^()]*\))*)$/.exec(sddl) ?? [];
  return { owner, list };
}

/** `counts`: whether these rights of somebody else matter. */
function listProblem(list: string, self: string, counts: (rights: string) => boolean): string | null {
  const trusted = (sid: string): boolean => isTrusted(sid, self);
  // Without an access list everybody has every right.
  if (list.includes('NO_ACCESS_CONTROL')) return 'it has no access list';
  for (const [, entry = ''] of list.matchAll(/\(([^()]*)\)/g)) {
    const [type = '', , rights = '', , , sid = ''] = entry.split(';');
    // An entry that denies access makes the folder no less private.
    if (type === 'D' || type === 'OD' || type === 'XD') continue;
    if (type !== 'A') return `its access list has an entry of the type ${type}`;
    if (!trusted(sid) && counts(rights)) return `${sid} has access to it`;
  }
  return null;
}
