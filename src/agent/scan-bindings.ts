import { hasAddress } from '../iis/config/bound-address.ts';
import { type Inventory, type SiteBinding, type SiteInventory, siteText } from '../iis/config/inventory-types.ts';
import { hasFlag, SSL_FLAG } from '../iis/config/ssl-flags.ts';
import { concreteHost } from '../iis/plan/match.ts';
import { EverbindError } from '../errors/error.ts';
import { readInventory } from '../iis/inventory.ts';
import { canonicalHost } from '../pki/x509/names.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import { describeServed, type ServedDescription } from '../verify/describe.ts';
import type { Probe } from '../verify/probe.ts';
import { ftpsProbe } from '../verify/ftps-probe.ts';
import { tlsProbe } from '../verify/tls-probe.ts';
import { connectHost } from './connect-host.ts';
import type { Environment } from './environment.ts';

/** One https or FTP binding and what visitors get there. */
export interface ScanRow {
  readonly site: string;
  readonly siteId: number | null;
  readonly state: SiteInventory['state'];
  readonly protocol: 'https' | 'ftp';
  /** bindingInformation as written. */
  readonly binding: string;
  readonly host: string;
  /** null when no handshake was made or none succeeded. */
  readonly served: ServedDescription | null;
  /** Stable codes of what is wrong; empty when all is well. */
  readonly problems: readonly string[];
  /** The problems in a few words. */
  readonly note: string;
  /** What to look at; null when the note says enough. */
  readonly hint: string | null;
}

const HANDSHAKES_AT_ONCE = 16;
const TIMEOUT_MS = 5000;

export interface ScanReport {
  readonly inventory: Inventory;
  readonly rows: readonly ScanRow[];
}

/**
 * Reads the configuration of this machine and makes a handshake with every https and FTP binding, unless nothing is to
 * be contacted. Errors: those of connectHost.
 */
export async function scanBindings(
  environment: Environment,
  { contact, onDone }: { readonly contact: boolean; onDone(done: number, all: number): void },
): Promise<ScanReport> {
  const { host, close } = await connectHost(environment);
  try {
    const inventory = await readInventory(host);
    const own = await host.addresses();
    const work = { host, own, probe: contact ? PROBES : null };
    return { inventory, rows: await scanAll(inventory, work, environment.clock.now(), onDone) };
  } finally {
    await close();
  }
}

interface Contact {
  readonly host: WindowsHost;
  /** Addresses of this machine. */
  readonly own: readonly string[];
  /** null: nothing is contacted. */
  readonly probe: Probes | null;
}

/** By the port that a site is bound to. */
type Probes = Readonly<Record<ScanRow['protocol'], (boundPort: number) => Probe>>;

const PROBES: Probes = { https: () => tlsProbe, ftp: ftpsProbe };

/** Several at a time. */
async function scanAll(
  inventory: Inventory,
  contact: Contact,
  now: number,
  onDone: (done: number, all: number) => void,
): Promise<readonly ScanRow[]> {
  const work = inventory.sites.flatMap((site) =>
    site.bindings.flatMap((binding): readonly Scanned[] => {
      const { protocol } = binding;
      return protocol === 'https' || protocol === 'ftp' ? [{ site, binding, protocol }] : [];
    }),
  );
  const rows: ScanRow[] = [];
  let next = 0;
  let done = 0;
  const worker = async (): Promise<void> => {
    while (next < work.length) {
      const index = next++;
      const item = work[index];
      if (item === undefined) return;
      rows[index] = await scanBinding(item, { ...contact, ftpDefaults: inventory.ftpDefaults }, now);
      onDone(++done, work.length);
    }
  };
  await Promise.all(Array.from({ length: HANDSHAKES_AT_ONCE }, worker));
  return rows;
}

interface Scanned {
  readonly site: SiteInventory;
  readonly binding: SiteBinding;
  readonly protocol: ScanRow['protocol'];
}

async function scanBinding(
  { site, binding, protocol }: Scanned,
  { host, own, probe, ftpDefaults }: Contact & Pick<Inventory, 'ftpDefaults'>,
  now: number,
): Promise<ScanRow> {
  const { information } = binding;
  const name = information.kind === 'ip-port-host' ? concreteHost(canonicalHost(information.host)) : '';
  const row = {
    site: siteText(site),
    siteId: site.id,
    state: site.state,
    protocol,
    binding: binding.text,
    host: name,
    hint: null,
  };
  const unserved = (problem: string, note: string, hint: string | null = null): ScanRow => ({
    ...row,
    served: null,
    problems: [problem],
    note,
    hint,
  });
  // The problems of the inventory say what is wrong with it.
  if (information.kind !== 'ip-port-host') return unserved('binding-unreadable', 'unreadable');
  if (site.state === 'Stopped') return { ...row, served: null, problems: [], note: 'site is stopped' };
  if (protocol === 'ftp' && site.ftp === null && ftpDefaults === null) {
    return { ...row, served: null, problems: [], note: 'no certificate' };
  }
  if (probe === null) return { ...row, served: null, problems: [], note: 'not contacted' };
  if (!hasAddress(own, information.address)) {
    return { ...row, served: null, problems: [], note: 'this machine does not have that address' };
  }
  const [endpoint] = await host.endpoints(information.address, information.port);
  if (endpoint === undefined) return unserved('VERIFY_CONNECT_FAILED', 'nothing listens there');
  try {
    const served = describeServed(
      await probe[protocol](information.port)({ ...endpoint, host: name, timeoutMs: TIMEOUT_MS }),
      name,
      now,
    );
    return { ...row, served, problems: served.problems, note: served.problems.map(words).join(', ') };
  } catch (error) {
    if (!(error instanceof EverbindError)) throw error;
    return unserved(error.code, words(error.code), hintFor(error.code, binding));
  }
}

const texts: Readonly<Record<string, string>> = {
  VERIFY_EXPIRED: 'expired',
  VERIFY_NOT_YET_VALID: 'not valid yet',
  VERIFY_SELF_SIGNED: 'self-signed',
  VERIFY_NAME_MISMATCH: 'wrong name',
  VERIFY_UNREADABLE: 'unreadable certificate',
  VERIFY_CONNECT_FAILED: 'no connection',
  VERIFY_HANDSHAKE_FAILED: 'no TLS handshake',
  VERIFY_TIMEOUT: 'no response in time',
};

function hintFor(code: string, { protocol, sslFlags }: SiteBinding): string | null {
  if (code === 'VERIFY_HANDSHAKE_FAILED' && protocol === 'ftp') {
    return 'does the site allow TLS, and is its certificate with the key in the store?';
  }
  if (code !== 'VERIFY_HANDSHAKE_FAILED' || sslFlags === null) return null;
  return hasFlag(sslFlags, SSL_FLAG.centralStore)
    ? 'is its file in the central certificate store? Everbind skips such bindings'
    : 'is there a certificate for it in http.sys, and its key?';
}

function words(code: string): string {
  return texts[code] ?? code;
}
