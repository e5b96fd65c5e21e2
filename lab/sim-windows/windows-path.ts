import { WindowsError } from '../../src/errors/error.ts';

// Win32 codes of file calls.
const PATH_NOT_FOUND = 3;
const INVALID_NAME = 123;

const variables: Readonly<Record<string, string>> = {
  systemdrive: 'C:',
  systemroot: 'C:\\Windows',
  windir: 'C:\\Windows',
  programfiles: 'C:\\Program Files',
  programdata: 'C:\\ProgramData',
  allusersprofile: 'C:\\ProgramData',
  public: 'C:\\Users\\Public',
  userprofile: 'C:\\Users\\Administrator',
  iis_sites_home: 'C:\\Users\\Administrator\\Documents\\My Web Sites',
  iis_user_home: 'C:\\Users\\Administrator\\Documents\\IISExpress',
  iis_bin: 'C:\\Program Files\\IIS Express',
};

/**
 * Replaces `%NAME%` by the value in the double's environment. Like Windows, it leaves the name of an unknown variable.
 */
export function expandVariables(path: string): string {
  return path.replace(/%([^%\\/]+)%/g, (whole, name: string) => variables[name.toLowerCase()] ?? whole);
}

/** A place below the double's root folder. */
export interface WindowsPath {
  /** Canonical Windows form: variables expanded, dots resolved, no trailing backslash. */
  readonly text: string;
  /**
   * Folder names below the root folder: `C`, `inetpub`, … or `UNC`, server, share, …; never empty, never `.` or `..`.
   */
  readonly segments: readonly string[];
}

/**
 * Reads a drive, UNC or relative path (relative to IIS's own folder). Throws WindowsError 123 for names Windows
 * refuses, 3 for the empty path.
 */
export function parseWindowsPath(path: string): WindowsPath {
  const text = expandVariables(path).replaceAll('/', '\\');
  if (text === '') throw new WindowsError('path', PATH_NOT_FOUND, { path });
  const plain = text.replace(/^\\\\\?\\UNC\\/i, '\\\\').replace(/^\\\\\?\\/, '');
  const unc = /^\\\\([^\\]+)\\([^\\]+)(?:\\(.*))?$/s.exec(plain);
  if (unc !== null) {
    const [, server = '', share = '', rest = ''] = unc;
    const below = resolveDots(rest, path);
    const head = [checked(server, path), checked(share, path)];
    return { text: `\\\\${[...head, ...below].join('\\')}`, segments: ['UNC', ...head, ...below] };
  }
  const drive = /^([A-Za-z]):\\?(.*)$/s.exec(plain);
  const letter = (drive?.[1] ?? 'C').toUpperCase();
  const rest = drive?.[2] ?? (plain.startsWith('\\') ? plain : `Windows\\System32\\inetsrv\\${plain}`);
  const below = resolveDots(rest, path);
  return { text: `${letter}:\\${below.join('\\')}`, segments: [letter, ...below] };
}

// `..` does not lead above the drive or share.
function resolveDots(text: string, path: string): readonly string[] {
  const result: string[] = [];
  for (const part of text.split('\\')) {
    if (part === '' || part === '.') continue;
    if (part === '..') result.pop();
    else result.push(checked(part, path));
  }
  return result;
}

// Win32 drops trailing dots and spaces of a name, so `web.config.` is web.config.
function checked(part: string, path: string): string {
  const name = part.replace(/[. ]+$/, '');
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (name === '' || name.length > 255 || /[\u0000-\u001f<>:"|?*]/.test(name)) {
    throw new WindowsError('path', INVALID_NAME, { path: path.slice(0, 200) });
  }
  return name;
}
