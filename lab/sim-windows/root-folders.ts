import { WindowsError } from '../../src/errors/error.ts';
import type { SiteFiles } from '../../src/ports/windows-host.ts';
import type { SimSites } from './sites.ts';
import { escapeAttribute } from './xml-writer.ts';

const MAX_PAGE = 16 * 1024 * 1024;

/** Folders that a real server has, each with a page, so that the site can be looked at. */
export async function createRootFolders(sites: SimSites, files: SiteFiles): Promise<void> {
  for (const { inventory } of sites.all()) {
    const { rootPath, name } = inventory;
    if (rootPath === null) continue;
    const path = `${rootPath}\\iisstart.htm`;
    const page = `<!DOCTYPE html><title>${escapeAttribute(name)}</title><h1>${escapeAttribute(name)}</h1>\n`;
    try {
      if ((await files.read(path, MAX_PAGE)) === null) await files.write(path, Buffer.from(page));
    } catch (error) {
      // A root path that Windows would refuse too: the site has no files.
      if (!(error instanceof WindowsError)) throw error;
    }
  }
}
