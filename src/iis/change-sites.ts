import { EverbindError } from '../errors/error.ts';
import type { Clock } from '../ports/clock.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import { createAppcmdChanges } from './appcmd-change.ts';
import { readInventory } from './inventory.ts';
import type { FtpCertificate, SiteBinding } from './config/inventory-types.ts';

/**
 * Changes to the configuration of IIS. Each is read back, and none is made twice. Errors: IIS_NAME_UNQUOTABLE,
 * IIS_SITE_UNKNOWN and those of appcmd.
 */
export interface SiteChanges {
  /**
   * Adds an https binding. If it exists with these flags, nothing happens; with other flags: IIS_CHANGE_DID_NOT_TAKE.
   */
  addHttpsBinding(site: string, bindingInformation: string, sslFlags: number): Promise<void>;
  /** Removes an https binding; an absent one is no error. */
  removeHttpsBinding(site: string, bindingInformation: string): Promise<void>;
  /** Sets the site's own FTP certificate. null removes the setting, so that the one of siteDefaults applies. */
  setFtpCertificate(site: string, certificate: FtpCertificate | null): Promise<void>;
}

/** `backUp`: the configuration of IIS is backed up before the first change; the last ten of our backups are kept. */
export function createSiteChanges(host: WindowsHost, clock: Clock, options: { readonly backUp: boolean }): SiteChanges {
  const changes = createAppcmdChanges(host, clock, options);

  const bindingOf = async (site: string, text: string): Promise<SiteBinding | null> => {
    const found = (await readInventory(host)).sites.find(({ name }) => name === site);
    if (found === undefined) throw new EverbindError('IIS_SITE_UNKNOWN', `there is no site ${site}`, { site });
    return found.bindings.find(({ protocol, text: own }) => protocol === 'https' && own === text) ?? null;
  };

  const ftpOf = async (site: string): Promise<FtpCertificate | null> => {
    const found = (await readInventory(host)).sites.find(({ name }) => name === site);
    if (found === undefined) throw new EverbindError('IIS_SITE_UNKNOWN', `there is no site ${site}`, { site });
    return found.ftp;
  };

  return {
    addHttpsBinding: async (site, bindingInformation, sslFlags) => {
      const where = `site ${site}, https ${bindingInformation}`;
      const keys = `protocol='https',bindingInformation='${quotable(bindingInformation)}'`;
      const before = await bindingOf(site, bindingInformation);
      if (before === null) await changes.run(['set', 'site', quotable(site), `/+bindings.[${keys}]`]);
      // A separate command: some versions refuse the flags among the keys of a new binding.
      if (before === null && sslFlags !== 0) {
        await changes.run(['set', 'site', quotable(site), `/bindings.[${keys}].sslFlags:${sslFlags}`]);
      }
      const after = await bindingOf(site, bindingInformation);
      if (after?.sslFlags !== sslFlags) throw didNotTake(where, `flags ${after?.sslFlags ?? 'absent'}`);
    },

    removeHttpsBinding: async (site, bindingInformation) => {
      if ((await bindingOf(site, bindingInformation)) === null) return;
      const keys = `protocol='https',bindingInformation='${quotable(bindingInformation)}'`;
      await changes.run(['set', 'site', quotable(site), `/-bindings.[${keys}]`]);
      if ((await bindingOf(site, bindingInformation)) === null) return;
      throw didNotTake(`site ${site}, https ${bindingInformation}`, 'it is still there');
    },

    setFtpCertificate: async (site, certificate) => {
      const before = await ftpOf(site);
      if (same(before, certificate)) return;
      const path = `/[name='${quotable(site)}'].ftpServer.security.ssl`;
      // IIS says by an empty hash that there is none.
      const { certificateHash, certificateStore } = certificate ?? { certificateHash: '', certificateStore: '' };
      await changes.run([
        'set',
        'config',
        '-section:system.applicationHost/sites',
        `${path}.serverCertStoreName:${quotable(certificateStore)}`,
        `${path}.serverCertHash:${certificateHash}`,
        '/commit:apphost',
      ]);
      const after = await ftpOf(site);
      if (!same(after, certificate)) {
        throw didNotTake(`FTP certificate of ${site}`, after === null ? 'there is none' : after.certificateHash);
      }
    },
  };
}

function same(left: FtpCertificate | null, right: FtpCertificate | null): boolean {
  if (left === null || right === null) return left === right;
  return (
    left.certificateHash === right.certificateHash.toLowerCase() &&
    left.certificateStore.toLowerCase() === right.certificateStore.toLowerCase()
  );
}

/** appcmd's paths quote with `'` and have no escape for it. No person gave a name that has a control character. */
function quotable(text: string): string {
  if (!/['\p{Cc}]/u.test(text)) return text;
  throw new EverbindError('IIS_NAME_UNQUOTABLE', `appcmd cannot be told the name ${JSON.stringify(text)}`, {
    name: text,
  });
}

function didNotTake(what: string, found: string): EverbindError {
  return new EverbindError('IIS_CHANGE_DID_NOT_TAKE', `${what} was changed, but reads back otherwise: ${found}`, {
    what,
  });
}
