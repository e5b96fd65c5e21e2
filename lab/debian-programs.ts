import { existsSync } from 'node:fs';
import { withLock } from './machine-lock.ts';
import { mustRun } from './run-command.ts';

/** Installs the Debian packages whose programs are missing. Needs root only when something is missing. */
export async function ensurePrograms(programs: Readonly<Record<string, string>>): Promise<void> {
  const anyMissing = Object.keys(programs).some((program) => !onPath(program));
  // apt does not wait for another apt. What that one installed is not missing any more.
  if (anyMissing) await withLock('apt', () => installMissing(programs));
}

async function installMissing(programs: Readonly<Record<string, string>>): Promise<void> {
  const missing = Object.entries(programs).filter(([program]) => !onPath(program));
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map(([, name]) => name))];
  if (process.getuid?.() !== 0) {
    throw new Error(`these Debian packages are needed and only root can install them: ${packages.join(' ')}`);
  }
  console.log(`installing from Debian: ${packages.join(' ')}`);
  await mustRun('apt-get', ['-q', 'update']);
  await mustRun('apt-get', ['-q', '-y', 'install', '--no-install-recommends', ...packages], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(':').some((folder) => folder !== '' && existsSync(`${folder}/${program}`));
}
