import { mkdir, rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { WindowsError } from '../../src/errors/error.ts';
import { IIS_APP_ID } from '../../src/iis/records/ssl-record.ts';
import type { SiteFiles } from '../../src/ports/windows-host.ts';
import { oldBelief } from '../beliefs/old-belief.ts';
import { freePorts } from '../loopback.ts';
import { backupsInMemory, createAppcmd } from './appcmd/appcmd.ts';
import { createStores } from './certificate-stores.ts';
import { loadConfiguration } from './configuration.ts';
import { createFaults } from './faults.ts';
import { createApplicationRestarts } from './serving/application-restarts.ts';
import { WITH_IIS } from './serving/firewall.ts';
import { createHttpFront } from './serving/http-front.ts';
import { createIdentities } from './identities.ts';
import { createKeyProviders } from './key-providers.ts';
import { createFtpFront } from './serving/ftp-front.ts';
import { createListeners, type Listener, type Listeners, type Wanted } from './serving/listeners.ts';
import { createCredentials } from './serving/credentials.ts';
import { createNetwork } from './serving/network.ts';
import { createOtherNodes } from './serving/other-nodes.ts';
import { createOutside } from './serving/outside.ts';
import { portRows } from './serving/port-table.ts';
import { listenRpc } from './rpc-server.ts';
import { createSimHost } from './sim-host.ts';
import { createSiteFiles } from './site-files.ts';
import type { SimWindows, SimWindowsOptions } from './sim-types.ts';
import { createSites, type SimSites, START_DELAY_MS } from './sites.ts';
import { createRecords } from './ssl-records.ts';
import { serverMimeMap } from './serving/static-content.ts';
import { acceptTls } from './serving/tls-front.ts';
import { createRegistrations } from './serving/url-registrations.ts';
import { escapeAttribute } from './xml-writer.ts';

export type { SimWindows, SimWindowsOptions } from './sim-types.ts';

/** Starts the double. Throws IIS_CONFIG_INVALID for a configuration that IIS could not load either. */
export async function startSimWindows(options: SimWindowsOptions): Promise<SimWindows> {
  const elevated = options.elevated ?? true;
  const configuration = loadConfiguration(options.applicationHostConfig);
  const sites = createSites(configuration, {
    startDelayMs: options.startDelayMs ?? START_DELAY_MS,
    newStayStopped: options.newSitesStayStopped === true && !oldBelief('D4'),
  });
  const restarts = createApplicationRestarts(() => sites.all().flatMap(({ inventory }) => inventory.rootPath ?? []));
  const files = createSiteFiles(options.rootFolder, restarts.folderWentAway);
  const keys = createKeyProviders(options.keyProviders);
  const stores = createStores(keys, options.aia);
  const faults = createFaults();
  const ipv6 = options.ipv6 !== false || oldBelief('D1');
  const hasIpv6 = await listensOn('::1');

  const makeRootFolders = (): Promise<void> => createRootFolders(sites, files);
  await mkdir(options.rootFolder, { recursive: true });
  await makeRootFolders();
  await files.write(CONFIGURATION_PATH, options.applicationHostConfig);
  // As IIS does: whoever reads the file meanwhile has the old one or the new one.
  const replaceConfiguration = async (octets: Uint8Array): Promise<void> => {
    await files.write(`${CONFIGURATION_PATH}.new`, octets);
    const path = join(options.rootFolder, ...CONFIGURATION_FOLDER, 'applicationHost.config');
    await rename(`${path}.new`, path);
  };

  // Changes come at any time and from several processes; sockets are opened and closed one change after another.
  let queue: Promise<void> = Promise.resolve();
  let stopped = false;
  const reconcile = (): Promise<void> => {
    otherNodes.see(records.current());
    const next = queue.then(() => (stopped ? undefined : listeners.reconcile(wanted())));
    queue = next.catch(() => {});
    return next;
  };
  // IIS carries out a change some time after appcmd has ended.
  let settling: NodeJS.Timeout | undefined;
  const settle = (): void => {
    clearTimeout(settling);
    const at = sites.settlesAt();
    if (at === null || stopped) return;
    settling = setTimeout(() => {
      sites.refresh();
      settle();
      void reconcile().catch(() => {});
    }, at - Date.now());
  };
  const changed = async (): Promise<void> => {
    sites.refresh();
    settle();
    await makeRootFolders();
    await replaceConfiguration(configuration.write());
    await reconcile();
  };
  const otherNodes = createOtherNodes(options.otherNodes ?? [], ipv6, stores.servable);
  const records = createRecords((store, hash) => stores.servable(store, hash) !== null, reconcile);
  const registrations = createRegistrations({
    elevated,
    foreignPorts: new Set(options.foreignPorts),
    reservations: options.reservations ?? [],
    lingerMs: options.registrationsLingerMs ?? 0,
    changed: reconcile,
  });
  const tls = oldBelief('D9') ? {} : (options.tls ?? {});
  const serving = {
    files,
    faults,
    order: oldBelief('D7') ? 'host-first' : (options.choiceOrder ?? 'host-first'),
    centralStore: options.centralStore ?? null,
    credentials: createCredentials(tls.firstHandshakeMs ?? 0, records.current),
  };
  const identities = createIdentities({ ...serving, stores, records: records.current });
  const elsewhere = createIdentities({
    ...serving,
    credentials: createCredentials(0, otherNodes.records),
    stores: { servable: otherNodes.servable, chainAbove: stores.chainAbove },
    records: otherNodes.records,
  });
  const http = createHttpFront({
    urls: sites.urls,
    registrations: registrations.current,
    files,
    serverTypes: () => serverMimeMap(configuration.elementsBelowRoot('system.webServer', 'staticContent')),
  });

  const ftp = createFtpFront({
    sites: () => sites.all().map(({ inventory }) => inventory),
    defaults: configuration.ftpDefaults,
    stores,
  });

  const network = createNetwork({
    configured: () => sites.all().map(({ inventory }) => inventory),
    urls: sites.urls,
    records: records.current,
    otherNodes,
    ipv6,
  });

  // Windows listens where a URL is registered, by IIS or by another application; a record alone opens no socket, but
  // one with a foreign application id stands for an application that has registered its URLs.
  const wanted = (): Wanted[] => [
    ...ftp.wanted(),
    ...sites.urls(),
    ...network.apart(),
    ...registrations.current().map(({ scheme, port }) => ({ scheme, address: '*', port })),
    ...records
      .current()
      .filter(({ appId }) => appId.toLowerCase() !== IIS_APP_ID)
      .map(({ key }) => ({
        scheme: 'https' as const,
        address: key.kind === 'ipport' && key.address !== '0.0.0.0' ? key.address : '*',
        port: key.port,
      })),
  ];
  const onConnection = (socket: Parameters<typeof acceptTls>[0], listener: Listener): void => {
    const [other = null] = [...listener.addresses].map(otherNodes.at).filter((answer) => answer !== null);
    if (other === 'silence') return;
    if (other === 'refuses' || (other !== null && listener.scheme !== 'https')) socket.resetAndDestroy();
    else if (listener.scheme === 'ftp') ftp.accept(socket, listener);
    else if (listener.scheme === 'http') http.accept(socket, listener);
    else
      acceptTls(
        socket,
        (serverName) => (other === null ? identities : elsewhere).identify(listener, serverName),
        (secured) => http.accept(secured, listener),
        tls,
      );
  };
  const opened = await openListeners(options, (httpPort) => {
    const made = createListeners({ httpPort, keepPorts: options.keepPorts ?? false, hasIpv6, onConnection });
    return { listeners: made, ready: made.reconcile(wanted()) };
  });
  const { listeners, httpPort } = opened;
  const firewall = options.firewall ?? WITH_IIS;
  const outside = createOutside(firewall, listeners, (port) => ({
    address: '127.0.0.1',
    port: port === 80 ? httpPort : port,
  }));

  const appcmd = createAppcmd({
    configuration,
    sites,
    elevated,
    changed,
    backups: backupsInMemory(configuration),
    ansiCodePage: options.ansiCodePage ?? 1252,
    refuses: options.appcmdRefuses ?? [],
  });
  const { host, serveAsync } = createSimHost({
    elevated,
    faults,
    appcmd,
    stores,
    keys,
    records,
    files,
    registrations,
    endpoints: async (address, port) => network.reach(listeners, address, port),
    addresses: async () => network.addresses(),
    firewall,
  });
  const sim = {
    host,
    faults,
    keyDevices: { away: keys.away, back: keys.back },
    httpPort,
    socketPath: options.socketPath ?? null,
    ports: async () => portRows(sites.all(), listeners),
    snapshot: async () => ({
      sites: sites.all().map(({ inventory, conflict }) => ({ name: inventory.name, state: inventory.state, conflict })),
      records: records.current(),
      certificates: (
        await Promise.all((['MY', 'WebHosting', 'CA', 'Root'] as const).map((store) => stores.list(store)))
      ).flatMap((list) => list.map(({ store, thumbprint, hasPrivateKey }) => ({ store, thumbprint, hasPrivateKey }))),
      keys: keys.current(),
      registrations: registrations
        .current()
        .map(({ scheme, host: name, port, path }) => `${scheme}://${name}:${port}${path}`),
      faults: await faults.list(),
      applicationRestarts: restarts.count(),
    }),
    serveAsync,
    openToOutside: outside.open,
  };
  const stopRpc = options.socketPath === undefined ? null : await listenRpc(sim, options.socketPath);
  return {
    ...sim,
    stop: async () => {
      stopped = true;
      clearTimeout(settling);
      await stopRpc?.();
      await queue;
      await outside.close();
      await listeners.close();
    },
  };
}

const CONFIGURATION_FOLDER = ['C', 'Windows', 'System32', 'inetsrv', 'config'];
const CONFIGURATION_PATH = '%windir%\\System32\\inetsrv\\config\\applicationHost.config';

/** With no number given for port 80, another one is tried when the first is taken on one of the addresses. */
async function openListeners(
  options: SimWindowsOptions,
  open: (httpPort: number) => { readonly listeners: Listeners; readonly ready: Promise<void> },
): Promise<{ readonly listeners: Listeners; readonly httpPort: number }> {
  for (let attempt = 1; ; attempt += 1) {
    const httpPort = options.httpPort ?? (await freePorts(1))[0] ?? 0;
    const { listeners, ready } = open(httpPort);
    try {
      await ready;
      return { listeners, httpPort };
    } catch (error) {
      await listeners.close();
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (!taken || options.httpPort !== undefined || attempt === 5) throw error;
    }
  }
}

function listensOn(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, host, () => server.close(() => resolve(true)));
  });
}

const MAX_PAGE = 16 * 1024 * 1024;

/** Makes the root folders that a real server has, each with a page to look at. */
async function createRootFolders(sites: SimSites, files: SiteFiles): Promise<void> {
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
