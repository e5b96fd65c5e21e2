import { readFile } from 'node:fs/promises';

// npm verifies a package only against what the lock file says of it. An entry without integrity, such as an optional
// package of another platform that a mirror did not have, is installed there as whoever serves it likes.

interface Lock {
  readonly packages: Readonly<Record<string, { readonly [key: string]: unknown }>>;
}

/** The public registry. Where a mirror is used, npm's own configuration says so, and not the lock file. */
const REGISTRY = 'https://registry.npmjs.org/';

/** A digest of at least 512 bits in base64 (https://www.w3.org/TR/SRI/). */
const INTEGRITY = /^sha512-[A-Za-z0-9+/]{86}==$/;

/** What is wrong with a lock file, in words; empty when npm verifies all that it names. */
export function lockfileProblems({ packages }: Lock): readonly string[] {
  const problems: string[] = [];
  for (const [path, entry] of Object.entries(packages)) {
    // The project itself.
    if (path === '') continue;
    const { integrity, resolved, link } = entry;
    if (link === true) problems.push(`${path} is a link to a folder`);
    if (typeof integrity !== 'string') problems.push(`${path} has no integrity`);
    else if (!INTEGRITY.test(integrity)) problems.push(`${path} has the integrity ${integrity}, not one SHA-512`);
    const from = typeof resolved === 'string' ? resolved : JSON.stringify(resolved);
    if (resolved !== undefined && !from.startsWith(REGISTRY)) problems.push(`${path} comes from ${from}`);
    for (const name of Object.keys(Object(entry['optionalDependencies']))) {
      if (!isThere(packages, path, name)) problems.push(`${path} needs ${name}, which is missing`);
    }
  }
  return problems;
}

/** As Node looks for a package: in the folder of the one that needs it, then further up. */
function isThere(packages: Lock['packages'], from: string, name: string): boolean {
  for (let path = from; ; path = path.slice(0, Math.max(0, path.lastIndexOf('node_modules/') - 1))) {
    const candidate = path === '' ? `node_modules/${name}` : `${path}/node_modules/${name}`;
    if (packages[candidate] !== undefined) return true;
    if (path === '') return false;
  }
}

/** Throws when npm would install anything unverified. */
export async function checkLockfile(): Promise<void> {
  const text = await readFile(new URL('../package-lock.json', import.meta.url), 'utf8');
  const problems = lockfileProblems(JSON.parse(text) as Lock);
  if (problems.length === 0) return;
  const advice = 'npm install --package-lock-only, with those entries removed from the lock file, asks the registry.';
  throw new Error([...problems, advice].join('\n'));
}
