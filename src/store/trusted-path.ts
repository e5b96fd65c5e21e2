import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, join, parse, resolve, sep } from 'node:path';
import { EverbindError } from '../errors/error.ts';

// As sshd does with authorized_keys (StrictModes) and sudo with its rules: whoever can change what we obey, or put
// something else in the place of it, acts with our rights. On Windows the access list of the state folder says who can.

/** More links than any honest path has; the limit of Linux. */
const MOST_LINKS = 40;

/** What may be group-writable or world-writable because whatever is in it belongs to its owner alone, such as /tmp. */
const STICKY = 0o1000;

/**
 * Checks every folder on the way to a file or folder, each link that is followed, and what is at the end: all belong to
 * root or to the account that runs, and nobody else can write to them. What lies in a folder that nobody else can enter
 * is judged by its owner alone. What does not exist yet is fine where the folders above it are. Throws STORE_EXPOSED
 * with the place and the command that mends it. Does nothing on Windows. What was found in order can only be changed by
 * those that are trusted, so that nothing can be exchanged between this look and the use.
 */
export function requireTrustedPath(path: string, self: number | undefined = process.geteuid?.()): void {
  if (process.platform === 'win32' || self === undefined) return;
  let links = 0;
  let todo = partsOf(resolve(path));
  let current = parse(resolve(path)).root;
  let entered = judge(current, lstatSync(current), self, false, todo.length > 0);
  const privateAt: string[] = entered ? [current] : [];
  for (let part = todo.shift(); part !== undefined; part = todo.shift()) {
    const next = part === '..' ? dirname(current) : join(current, part);
    const facts = factsOf(next);
    if (facts === null) return;
    entered = privateAt.some((folder) => next.startsWith(folder === sep ? sep : `${folder}${sep}`));
    if (facts.isSymbolicLink()) {
      requireOwner(next, facts, self);
      links += 1;
      // Whoever opens it meets that as well.
      if (links > MOST_LINKS) return;
      const target = readlinkSync(next);
      todo = [...partsOf(target), ...todo];
      if (target.startsWith(sep)) current = sep;
      continue;
    }
    if (judge(next, facts, self, entered, todo.length > 0)) privateAt.push(next);
    current = next;
  }
}

/** null for what is not there or cannot be looked at: whoever opens it meets that as well. */
function factsOf(path: string): Stats | null {
  try {
    return lstatSync(path);
  } catch {
    return null;
  }
}

/** A folder or file that must not be a link: SQLite would make its journals beside the target. */
export function requireNoLink(path: string): void {
  if (factsOf(path)?.isSymbolicLink() === true) {
    throw exposed(path, 'it is a symbolic link', `ls -l ${quote(path)}`);
  }
}

/** Whether nobody else can enter this folder. `onTheWay`: something in it is looked for. */
function judge(path: string, facts: Stats, self: number, entered: boolean, onTheWay: boolean): boolean {
  requireOwner(path, facts, self);
  const sticky = onTheWay && facts.isDirectory() && (facts.mode & STICKY) !== 0;
  if ((facts.mode & 0o022) !== 0 && !sticky && !entered) {
    const who = (facts.mode & 0o002) !== 0 ? 'everybody' : `the group ${facts.gid}`;
    throw exposed(path, `${who} can write to it`, `chmod go-w ${quote(path)}`);
  }
  return facts.isDirectory() && (facts.mode & 0o077) === 0;
}

function requireOwner(path: string, { uid }: Stats, self: number): void {
  if (uid === 0 || uid === self) return;
  throw exposed(path, `it belongs to the user ${uid}`, `chown -h ${self} ${quote(path)}`);
}

function exposed(path: string, problem: string, command: string): EverbindError {
  const message = `${path} is not safe to read: ${problem}. Once you have looked at what is in it: ${command}`;
  return new EverbindError('STORE_EXPOSED', message, { path, problem, command });
}

function partsOf(path: string): string[] {
  return path.split(sep).filter((part) => part !== '' && part !== '.');
}

/** For a POSIX shell. */
function quote(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
