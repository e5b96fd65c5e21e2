import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { SimSites } from '../../../sim-windows/sites.ts';

/**
 * Remembers in a file which sites were started or stopped by hand, by their ids: with IIS the running service knows it,
 * here every appcmd is a process of its own.
 */
export function rememberingSites(sites: SimSites, path: string): SimSites {
  const wanted: Record<string, boolean> = existsSync(path)
    ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, boolean>)
    : {};
  for (const { element } of sites.all()) {
    const running = wanted[element.attributes['id'] ?? ''];
    if (running !== undefined) sites.want(element, running);
  }
  return {
    ...sites,
    want: (element, running) => {
      sites.want(element, running);
      wanted[element.attributes['id'] ?? ''] = running;
      writeFileSync(path, JSON.stringify(wanted));
    },
  };
}
