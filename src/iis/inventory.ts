import { EverbindError, WindowsError } from '../errors/error.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import { listIsEmpty, listSites, listSitesSection } from './appcmd-lists.ts';
import type { ListedSite } from './config/appcmd-output.ts';
import { ftpCertificate, sectionProblems, siteInventory, siteProblems } from './config/application-host-inventory.ts';
import type { RawSites } from './config/application-host-sites.ts';
import { type Inventory, type InventoryProblem, type SiteState, siteText } from './config/inventory-types.ts';
import { readSitesSection } from './configuration.ts';

/**
 * Reads the present state of the server, all at the same time: what is configured from the files of IIS, which sites
 * run from appcmd, http.sys records, certificate stores. Throws IIS_APPCMD_FAILED, IIS_ACCESS_DENIED,
 * IIS_APPCMD_OUTPUT_INVALID, WIN_CALL_FAILED, and IIS_CONFIG_INVALID for what is no configuration of a server.
 */
export async function readInventory(host: WindowsHost): Promise<Inventory> {
  const [sites, records, personal, hosting] = await Promise.all([
    currentSites(host),
    host.sslRecords.enumerate(),
    host.certificates.list('MY'),
    host.certificates.list('WebHosting'),
  ]);
  return { ...sites, records, certificates: [...personal, ...hosting] };
}

async function currentSites(host: WindowsHost): Promise<Pick<Inventory, 'sites' | 'ftpDefaults' | 'problems'>> {
  const first = await readSites(host);
  const reading = first.settled ? first : await readSites(host);
  if ('invalid' in reading) throw reading.invalid;
  const { section, listed, problems } = reading;
  if (listed.length === 0 && section.sites.length > 0) throw listIsEmpty();
  const joined = join(section, listed);
  return {
    sites: joined.sites,
    ftpDefaults: ftpCertificate(section.siteDefaults.ftpServer),
    problems: [...problems, ...sectionProblems(section), ...joined.problems, ...siteProblems(joined.sites)],
  };
}

/** What is configured, and what runs. */
interface SiteReading {
  readonly section: RawSites;
  readonly listed: readonly ListedSite[];
  readonly problems: readonly InventoryProblem[];
  /** false: somebody was changing the configuration, so that reading again may show something else. */
  readonly settled: boolean;
}

/** What stands there is no configuration of a server. */
interface NoReading {
  readonly invalid: EverbindError;
  readonly settled: false;
}

async function readSites(host: WindowsHost): Promise<SiteReading | NoReading> {
  const [configured, listed] = await Promise.all([
    readSitesSection(host).catch(failure),
    listSites(host).catch(failure),
  ]);
  // A server without sites has a configuration that says so.
  if (isInvalid(configured) && (listed instanceof EverbindError ? !isDenied(listed) : listed.length === 0)) {
    return { invalid: configured, settled: false };
  }
  if (listed instanceof EverbindError) throw listed;
  if (configured instanceof EverbindError) {
    const reason = `${configured.message}; names with letters beyond ASCII may be wrong, use id:N for such sites`;
    const problem = { target: 'applicationHost.config', code: 'configuration-unreadable', reason } as const;
    return { section: await listSitesSection(host), listed, problems: [problem], settled: !mayPass(configured) };
  }
  const settled = idsOf(configured.sites) === idsOf(listed);
  return { section: configured, listed, problems: [], settled };
}

function failure(error: unknown): EverbindError {
  if (error instanceof EverbindError) return error;
  throw error;
}

function isInvalid(read: unknown): read is EverbindError {
  return read instanceof EverbindError && read.code === 'IIS_CONFIG_INVALID';
}

function isDenied({ code }: EverbindError): boolean {
  return code === 'IIS_ACCESS_DENIED';
}

const SHARING_VIOLATION = 32;
const LOCK_VIOLATION = 33;

/** Another program has the file open, or has written half of it. */
function mayPass(error: EverbindError): boolean {
  if (error instanceof WindowsError) return error.status === SHARING_VIOLATION || error.status === LOCK_VIOLATION;
  return isInvalid(error);
}

/** By SITE.ID. Sites that share an id, which IIS refuses, get their states in the order of the list. */
function join(section: RawSites, listed: readonly ListedSite[]): Pick<Inventory, 'sites' | 'problems'> {
  const states = new Map<string, SiteState[]>();
  for (const { id, state } of listed) {
    const sameId = states.get(idKey(id));
    if (sameId === undefined) states.set(idKey(id), [state]);
    else sameId.push(state);
  }
  const problems: InventoryProblem[] = [];
  const sites = section.sites.map((raw) => {
    const state = states.get(idKey(raw.id))?.shift();
    const site = siteInventory(raw, section, state ?? 'Unknown');
    const reason = 'appcmd does not list it, so whether it runs is unknown';
    if (state === undefined) problems.push({ target: siteText(site), code: 'site-not-listed', reason });
    return site;
  });
  for (const [id, left] of states) {
    const reason = 'appcmd lists it, but the configuration does not have it; it is left out';
    if (left.length > 0) problems.push({ target: `site ${id}`, code: 'site-not-configured', reason });
  }
  return { sites, problems };
}

function idsOf(sites: readonly { readonly id: string | null }[]): string {
  return sites
    .map(({ id }) => idKey(id))
    .sort()
    .join();
}

// appcmd writes numbers, a file has what somebody typed.
function idKey(id: string | null): string {
  return id !== null && /^[0-9]{1,10}$/.test(id) ? String(Number(id)) : (id ?? '');
}
