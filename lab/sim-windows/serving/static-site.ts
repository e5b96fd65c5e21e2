import type { SiteFiles } from '../../../src/ports/windows-host.ts';
import { WindowsError } from '../../../src/errors/error.ts';
import { childrenNamed, elementsAt } from '../../../src/iis/config/application-host-xml.ts';
import { applyWebConfig, ContentConfigurationError, contentTypeOf, type MimeMap } from './static-content.ts';
import type { SimSite } from '../sites.ts';

/** A response of IIS; its logs and error pages show `subStatus` after the dot. */
export interface SiteAnswer {
  readonly status: number;
  readonly subStatus: number;
  readonly contentType: string;
  readonly body: Uint8Array;
}

const MAX_FILE = 16 * 1024 * 1024;
const hiddenSegments = new Set([
  'web.config',
  'bin',
  'app_code',
  'app_data',
  'app_globalresources',
  'app_localresources',
]);
const defaultDocuments = ['Default.htm', 'index.htm', 'index.html', 'iisstart.htm'];

/**
 * Responds to GET for a raw URL path from the site's folders, with the content types in force there. Dynamic content is
 * not run.
 */
export async function answerFromSite(
  site: SimSite,
  files: SiteFiles,
  serverTypes: MimeMap,
  rawPath: string,
): Promise<SiteAnswer> {
  const segments = decodePath(rawPath);
  if (segments === null) return refuse(400, 0, 'Bad Request');
  if (segments.some((segment) => hiddenSegments.has(segment.toLowerCase()))) return refuse(404, 8, 'Not Found');
  // IIS refuses what would mean something else when decoded once more.
  if (segments.some((segment) => /%[0-9a-f]{2}/i.test(segment))) return refuse(404, 11, 'Not Found');
  try {
    const types = await typesAt(site, files, serverTypes, segments);
    if (rawPath.endsWith('/')) {
      for (const name of defaultDocuments) {
        const answer = await fileAt(site, files, types, [...segments, name]);
        if (answer.status === 200) return answer;
      }
      return refuse(403, 14, 'Forbidden');
    }
    return await fileAt(site, files, types, segments);
  } catch (error) {
    if (error instanceof ContentConfigurationError) return refuse(500, 19, 'Internal Server Error');
    if (error instanceof WindowsError) return refuse(404, 0, 'Not Found');
    throw error;
  }
}

async function fileAt(
  site: SimSite,
  files: SiteFiles,
  types: MimeMap,
  segments: readonly string[],
): Promise<SiteAnswer> {
  const folder = physicalPath(site, segments);
  if (folder === null) return refuse(404, 0, 'Not Found');
  const octets = await files.read(folder, MAX_FILE);
  if (octets === null) return refuse(404, 0, 'Not Found');
  const contentType = contentTypeOf(types, segments.at(-1) ?? '');
  if (contentType === null) return refuse(404, 3, 'Not Found');
  return { status: 200, subStatus: 0, contentType, body: octets };
}

/** The server's types with each web.config from the site's root down to the folder of the last segment. */
async function typesAt(
  site: SimSite,
  files: SiteFiles,
  serverTypes: MimeMap,
  segments: readonly string[],
): Promise<MimeMap> {
  let types = serverTypes;
  for (let depth = 0; depth <= Math.max(segments.length - 1, 0); depth += 1) {
    const folder = physicalPath(site, segments.slice(0, depth));
    const octets = folder === null ? null : await files.read(`${folder}\\web.config`, MAX_FILE);
    if (octets !== null) types = applyWebConfig(types, octets);
  }
  return types;
}

/** The Windows path of a URL path: below the virtual directory with the longest path that covers it. */
function physicalPath(site: SimSite, segments: readonly string[]): string | null {
  let best: { readonly depth: number; readonly path: string } | null = null;
  for (const application of childrenNamed(site.element, 'application')) {
    for (const { attributes } of elementsAt(application, 'virtualDirectory')) {
      const mount = `${application.attributes['path'] ?? ''}/${attributes['path'] ?? ''}`
        .split('/')
        .filter((part) => part !== '');
      const root = mount.length === 0 ? site.inventory.rootPath : (attributes['physicalPath'] ?? null);
      const covers = mount.every((part, index) => segments[index]?.toLowerCase() === part.toLowerCase());
      if (covers && root !== null && (best === null || mount.length > best.depth)) {
        best = { depth: mount.length, path: root };
      }
    }
  }
  return best === null ? null : [best.path.replace(/\\+$/, ''), ...segments.slice(best.depth)].join('\\');
}

/** Segments of a URL path as http.sys passes it on: decoded once, dots resolved; null where it responds with 400. */
export function decodePath(rawPath: string): readonly string[] | null {
  let decoded: string;
  try {
    decoded = decodeURIComponent(rawPath);
  } catch {
    return null;
  }
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (!decoded.startsWith('/') || /[\u0000-\u001f:*?"<>|]/.test(decoded)) return null;
  const segments: string[] = [];
  for (const part of decoded.split(/[/\\]/)) {
    if (part === '..' && segments.pop() === undefined) return null;
    if (part !== '' && part !== '.' && part !== '..') segments.push(part);
  }
  return segments;
}

function refuse(status: number, subStatus: number, reason: string): SiteAnswer {
  const title = subStatus === 0 ? `HTTP Error ${status}` : `HTTP Error ${status}.${subStatus}`;
  const body = `<!DOCTYPE html><html><head><title>${title}</title></head><body><h2>${title} - ${reason}</h2></body></html>`;
  return { status, subStatus, contentType: 'text/html', body: Buffer.from(body) };
}
