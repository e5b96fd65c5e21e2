import { readFile, writeFile } from 'node:fs/promises';

// After `npm install`: npm ci refuses a lock file that lacks an optional package of any platform, and npm leaves out
// those that a registry mirror does not carry. They are never installed on Linux or Windows x64; this adds their
// entries, with the platform from their name, so that npm ci knows them and passes them by.

interface Entry {
  readonly version?: string;
  readonly dev?: boolean;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

const systems = ['android', 'darwin', 'freebsd', 'linux', 'openharmony', 'win32'];
const processors: Readonly<Record<string, string>> = {
  arm: 'arm',
  arm64: 'arm64',
  ia32: 'ia32',
  ppc64: 'ppc64',
  riscv64: 'riscv64',
  s390x: 's390x',
  x64: 'x64',
};

const file = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(await readFile(file, 'utf8')) as { packages: Record<string, Entry> };
let added = 0;
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (lock.packages[path] !== undefined) continue;
    const words = name.split(/[/-]/);
    const os = words.find((word) => systems.includes(word));
    const cpu = words.map((word) => processors[word]).find((word) => word !== undefined);
    if (os === undefined || cpu === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
      throw new Error(`${name}@${version} is missing from the lock file and its platform cannot be told`);
    }
    const libc = words.some((word) => word.startsWith('musl'))
      ? { libc: ['musl'] }
      : os === 'linux'
        ? { libc: ['glibc'] }
        : {};
    const skipped: Entry & Record<string, unknown> = {
      version,
      cpu: [cpu],
      ...libc,
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
      os: [os],
    };
    lock.packages[path] = skipped;
    added += 1;
  }
}
const [root, ...rest] = Object.entries(lock.packages);
rest.sort(([one], [other]) => (one < other ? -1 : 1));
lock.packages = Object.fromEntries(root === undefined ? rest : [root, ...rest]);
await writeFile(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} entries added`);
