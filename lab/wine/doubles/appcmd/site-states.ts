import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { SitesMemory } from '../../../sim-windows/sites.ts';

// With IIS the running service knows which sites were started and stopped by hand, and what has not taken effect yet;
// here every appcmd is a process of its own, and a file keeps it.

export function readSiteStates(path: string): SitesMemory {
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as SitesMemory) : { wanted: {}, starting: {} };
}

export function writeSiteStates(path: string, memory: SitesMemory): void {
  if (JSON.stringify(memory) !== JSON.stringify(readSiteStates(path))) writeFileSync(path, JSON.stringify(memory));
}
