import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import { createAppcmdChanges, type AppcmdCommand } from './appcmd-change.ts';
import type { FtpCertificate, SiteInventory } from './config/inventory-types.ts';
import { readInventory } from './inventory.ts';

/**
 * Changes to the configuration of IIS. A site is given by its name or as `id:N`. Each change is read back, and none is
 * made twice. Errors: IIS_NAME_UNQUOTABLE, IIS_SITE_UNKNOWN, IIS_CHANGE_DID_NOT_TAKE and those of appcmd.
 */
export interface SiteChanges {
  /**
   * Adds an https binding. If it exists with these flags, nothing happens; with other flags: IIS_CHANGE_DID_NOT_TAKE.
   * One whose flags cannot be set is removed again. `unfinished`: an earlier attempt may have been killed before it set
   * the flags; a binding without any is finished then.
   */
  addHttpsBinding(
    site: string,
    bindingInformation: string,
    sslFlags: number,
    options?: { readonly unfinished: boolean },
  ): Promise<void>;
  /** Removes an https binding; an absent one is no error. */
  removeHttpsBinding(site: string, bindingInformation: string): Promise<void>;
  /**
   * Sets the site's own FTP certificate. null removes the setting, so that the one of siteDefaults applies. With `from`
   * only while it has that one, which is read right before each command: IIS_RECORD_CHANGED_BY_OTHERS.
   */
  setFtpCertificate(site: string, certificate: FtpCertificate | null, from?: FtpCertificate | null): Promise<void>;
}

/** `backUp`: the configuration of IIS is backed up before the first change; the last ten of our backups are kept. */
export function createSiteChanges(host: WindowsHost, clock: Clock, options: { readonly backUp: boolean }): SiteChanges {
  const changes = createAppcmdChanges(host, clock, options);
  const current = async (wanted: string): Promise<SiteInventory> => siteIn((await readInventory(host)).sites, wanted);

  const remove: SiteChanges['removeHttpsBinding'] = async (wanted, bindingInformation) => {
    const entry = bindingEntry(bindingInformation);
    const site = await current(wanted);
    const gone = async (): Promise<boolean> => flagsOf(await current(wanted), bindingInformation) === undefined;
    if (flagsOf(site, bindingInformation) === undefined) return;
    const commands = siteElements(site).map((element) => setSites(`/-${element}.${entry}`));
    if (await changes.make(commands, gone)) return;
    throw didNotTake(`site ${wanted}, https ${bindingInformation}`, 'it is still there');
  };

  return {
    addHttpsBinding: async (wanted, bindingInformation, sslFlags, { unfinished } = { unfinished: false }) => {
      const entry = bindingEntry(bindingInformation);
      const site = await current(wanted);
      const where = `site ${wanted}, https ${bindingInformation}`;
      const flags = async (): Promise<number | null | undefined> => flagsOf(await current(wanted), bindingInformation);
      const before = flagsOf(site, bindingInformation);
      if (before === sslFlags) return;
      if (before === undefined) {
        const add = siteElements(site).map((element) => setSites(`/+${element}.${entry}`));
        if (!(await changes.make(add, async () => (await flags()) !== undefined))) throw didNotTake(where, 'absent');
      } else if (!unfinished || before !== 0) throw didNotTake(where, `flags ${before}`);
      if (sslFlags === 0) return;
      // A separate command: some versions refuse the flags among the keys of a new binding.
      const flag = siteElements(site).map((element) => setSites(`/${element}.${entry}.sslFlags:${sslFlags}`));
      let took = false;
      try {
        took = await changes.make(flag, async () => (await flags()) === sslFlags);
        if (!took) throw didNotTake(where, `flags ${await flags()}`);
      } finally {
        // Without its flags it is another binding, which would be in the way of the next attempt.
        if (!took) await remove(wanted, bindingInformation).catch(() => {});
      }
    },

    removeHttpsBinding: remove,

    setFtpCertificate: async (wanted, certificate, from) => {
      const site = await current(wanted);
      if (same(site.ftp, certificate)) return;
      const took = async (): Promise<boolean> => same((await current(wanted)).ftp, certificate);
      const paths = siteElements(site).map((element) => `/${element}.ftpServer.security.ssl`);
      const forms = certificate === null ? emptied(paths) : paths.map((path) => filled(path, certificate));
      const isAsBefore = async (): Promise<void> => {
        const { ftp } = await current(wanted);
        if (from === undefined || same(ftp, from) || same(ftp, certificate)) return;
        const message = `the FTP certificate of ${wanted} is ${ftp?.certificateHash ?? 'none'} now, which was not there before`;
        throw new EverbindError('IIS_RECORD_CHANGED_BY_OTHERS', message, { site: wanted });
      };
      if (await changes.make(forms, took, isAsBefore)) return;
      const { ftp } = await current(wanted);
      throw didNotTake(`FTP certificate of ${wanted}`, ftp === null ? 'there is none' : ftp.certificateHash);
    },
  };
}

/** Throws IIS_SITE_UNKNOWN, also for a name that several sites seem to have because it could not be read as it is. */
function siteIn(sites: readonly SiteInventory[], wanted: string): SiteInventory {
  const found = sites.filter(({ name, id }) => name === wanted || `id:${id}` === wanted);
  const [site] = found;
  if (site !== undefined && found.length === 1) return site;
  const message = site === undefined ? `there is no site ${wanted}` : `${found.length} sites have the name ${wanted}`;
  throw new EverbindError('IIS_SITE_UNKNOWN', message, { site: wanted });
}

function flagsOf({ bindings }: SiteInventory, bindingInformation: string): number | null | undefined {
  return bindings.find(({ protocol, text }) => protocol === 'https' && text === bindingInformation)?.sslFlags;
}

/**
 * A site in paths of appcmd, as element of the collection of sites. By its id, which the schema of IIS declares a
 * unique key as it does the name, and which no code page can spoil. Published commands name the key `name`, alone or
 * with `id`; whether every appcmd takes an id alone is not documented, so the name is tried next where it can be
 * quoted. https://learn.microsoft.com/iis/configuration/system.applicationhost/sites/site/bindings/
 */
function siteElements({ id, name }: SiteInventory): readonly string[] {
  const byId = id === null ? [] : [`[id='${id}']`];
  return name === '' || !isQuotable(name) ? byId : [...byId, `[name='${name}']`];
}

function bindingEntry(bindingInformation: string): string {
  if (isQuotable(bindingInformation)) return `bindings.[protocol='https',bindingInformation='${bindingInformation}']`;
  const message = `appcmd cannot be told the binding ${JSON.stringify(bindingInformation)}`;
  throw new EverbindError('IIS_NAME_UNQUOTABLE', message, { bindingInformation });
}

/** appcmd's paths quote with `'` and have no escape for it. No person wrote a name that has a control character. */
function isQuotable(text: string): boolean {
  return !/['\p{Cc}]/u.test(text);
}

const SITES = '-section:system.applicationHost/sites';
const COMMIT = '/commit:apphost';

function setSites(...settings: readonly string[]): AppcmdCommand {
  return ['set', 'config', SITES, ...settings, COMMIT];
}

function filled(path: string, { certificateHash, certificateStore }: FtpCertificate): AppcmdCommand {
  return setSites(`${path}.serverCertStoreName:${certificateStore}`, `${path}.serverCertHash:${certificateHash}`);
}

/** IIS writes an empty hash for no certificate. Where appcmd refuses an empty value, the setting is cleared. */
function emptied(paths: readonly string[]): readonly AppcmdCommand[] {
  return [
    ...paths.map((path) => setSites(`${path}.serverCertStoreName:`, `${path}.serverCertHash:`)),
    ...paths.map((path) => ['clear', 'config', SITES, `${path}.serverCertHash`, COMMIT]),
  ];
}

function same(left: FtpCertificate | null, right: FtpCertificate | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.certificateHash === right.certificateHash.toLowerCase() &&
    left.certificateStore.toLowerCase() === right.certificateStore.toLowerCase()
  );
}

function didNotTake(what: string, found: string): EverbindError {
  return new EverbindError('IIS_CHANGE_DID_NOT_TAKE', `${what} was changed, but reads back otherwise: ${found}`, {
    what,
  });
}
