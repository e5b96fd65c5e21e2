import { EverbindError } from '../errors/error.ts';
import { awaitListening } from '../iis/await-site.ts';
import { createSiteChanges } from '../iis/change-sites.ts';
import { type Inventory, type SiteBinding, type SiteInventory, siteText } from '../iis/config/inventory-types.ts';
import { readInventory } from '../iis/inventory.ts';
import { canonicalHost } from '../pki/x509/names.ts';
import { readEvents } from '../store/audit-read.ts';
import type { StoreReader } from '../store/store.ts';
import { connectHost } from './connect-host.ts';
import type { AgentPaths, Environment } from './environment.ts';
import { findSite } from './find-sites.ts';
import { openState } from './state.ts';

/** An https binding that is to be added to a site. */
export interface NewBinding {
  /** Name of the site, or `id:N`. */
  readonly site: string;
  /** Canonical, A-labels. */
  readonly host: string;
  readonly port: number;
  readonly sslFlags: number;
}

/** The binding as IIS has it now. */
export interface AddedBinding {
  readonly site: SiteInventory;
  /** bindingInformation. */
  readonly binding: string;
  readonly sslFlags: number;
}

/**
 * Adds an https binding to a site of this machine and logs it. Safe to repeat. Throws CLI_USAGE for a site that is not
 * there or a host that another site has, WIN_NOT_WINDOWS, what IIS refuses, and the errors of awaitListening.
 */
export async function addBinding(
  { stateDir }: AgentPaths,
  environment: Environment,
  wanted: NewBinding,
): Promise<AddedBinding> {
  const { host: server, close } = await connectHost(environment);
  try {
    const inventory = await readInventory(server);
    const site = findSite(inventory.sites, wanted.site);
    refuseTaken(inventory, site, wanted);
    const { sslFlags } = wanted;
    const binding = textOf(site, wanted) ?? `*:${wanted.port}:${wanted.host}`;
    const state = await openState(stateDir, environment);
    try {
      const log = (type: string): Promise<void> =>
        state.store.commit(({ audit }) => audit({ type, subject: site.name, data: { binding, sslFlags } }));
      const unfinished = isUnfinished(state.store, site.name, binding, sslFlags);
      // Logged before as well, so that the log also has a binding that a kill leaves behind.
      const isThere = site.bindings.some(({ protocol, text }) => protocol === 'https' && text === binding);
      if (!isThere) await log('bindings.adding');
      const changes = createSiteChanges(server, environment.clock, { backUp: true });
      const place = site.id === null ? site.name : `id:${site.id}`;
      try {
        await changes.addHttpsBinding(place, binding, sslFlags, { unfinished });
      } catch (error) {
        // What is there from now on is not ours to finish.
        await log('bindings.not-added');
        throw error;
      }
      await log('bindings.added');
    } finally {
      await state.close();
    }
    // Nobody waits for a site that an administrator has stopped.
    if (site.state !== 'Stopped' && site.id !== null) {
      await awaitListening(server, environment.clock, { siteId: site.id, address: '*', port: wanted.port });
    }
    return { site, binding, sslFlags };
  } finally {
    await close();
  }
}

/** Whether the last thing that the log has of this binding is that it was going to be added with these flags. */
function isUnfinished(store: StoreReader, site: string, binding: string, sslFlags: number): boolean {
  const last = readEvents(store, { subject: site, type: 'bindings' })
    .map((event) => JSON.parse(event) as { readonly type: string; readonly data: Readonly<Record<string, unknown>> })
    .findLast(({ data }) => data['binding'] === binding);
  return last?.type === 'bindings.adding' && last.data['sslFlags'] === sslFlags;
}

/** The bindingInformation that the site has for this host already, however it is spelled there. */
function textOf({ bindings }: SiteInventory, wanted: NewBinding): string | undefined {
  return bindings.find((binding) => isFor(binding, wanted) && addressOf(binding) === '*')?.text;
}

function addressOf({ information }: SiteBinding): string | null {
  return information.kind === 'ip-port-host' ? information.address : null;
}

function isFor({ protocol, information }: SiteBinding, { host, port }: Pick<NewBinding, 'host' | 'port'>): boolean {
  if (protocol !== 'https' || information.kind !== 'ip-port-host') return false;
  return information.port === port && canonicalHost(information.host) === host;
}

/** IIS starts only one of two sites that have the same host and port. A site that is stopped is in nobody's way. */
function refuseTaken({ sites }: Inventory, own: SiteInventory, { host, port }: NewBinding): void {
  const other = sites.find(
    (site) =>
      site !== own && site.state !== 'Stopped' && site.bindings.some((binding) => isFor(binding, { host, port })),
  );
  if (other === undefined) return;
  throw new EverbindError('CLI_USAGE', `${host}:${port} is bound to the site ${siteText(other)} already`);
}
