import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:net';
import { WindowsError } from '../../src/errors/error.ts';
import type { SiteFiles, SslRecord, StoreName, WindowsHost } from '../../src/ports/windows-host.ts';
import { IIS_APP_ID } from '../../src/iis/ssl-record.ts';
import { freePorts } from '../loopback.ts';
import { createAppcmd } from './appcmd.ts';
import type { ChoiceOrder } from './certificate-choice.ts';
import { createStores } from './certificate-stores.ts';
import { loadConfiguration } from './configuration.ts';
import { type ActiveFault, createFaults, type Faults } from './faults.ts';
import { callHost, hostFromCalls } from './host-calls.ts';
import { createHttpFront } from './http-front.ts';
import { type CentralStore, createIdentities } from './identities.ts';
import { createListeners, type Listener, type Listeners } from './listeners.ts';
import { type PortRow, portRows } from './port-table.ts';
import { listenRpc } from './rpc-server.ts';
import type { Registration } from './routing.ts';
import { createSiteFiles } from './site-files.ts';
import { createSites, type SimSites } from './sites.ts';
import { createRecords } from './ssl-records.ts';
import { serverMimeMap } from './static-content.ts';
import { acceptTls } from './tls-front.ts';
import { createRegistrations } from './url-registrations.ts';
import { escapeAttribute } from './xml-writer.ts';

export interface SimWindowsOptions {
  /** The file as it is on disk; any real one. */
  readonly applicationHostConfig: Uint8Array;
  /** Where `C:\inetpub` becomes `C/inetpub`; made when absent. The sites' root folders are made in it. */
  readonly rootFolder: string;
  /** Unix-domain socket for other processes. */
  readonly socketPath?: string;
  /** Number that port 80 has on every loopback address; by default a free one. */
  readonly httpPort?: number;
  /** Ports keep their own numbers where those are free (port 80 keeps to `httpPort`). */
  readonly keepPorts?: boolean;
  readonly choiceOrder?: ChoiceOrder;
  /** false: changes are refused with 5, as without administrator's rights. */
  readonly elevated?: boolean;
  /** Ports (as configured) that a process without http.sys listens on: registrations there fail with 32. */
  readonly foreignPorts?: readonly number[];
  readonly centralStore?: CentralStore;
}

/** What a test may look at. No keys. */
export interface SimSnapshot {
  readonly sites: readonly { readonly name: string; readonly state: string; readonly conflict: string | null }[];
  readonly records: readonly SslRecord[];
  readonly certificates: readonly {
    readonly store: StoreName;
    readonly thumbprint: string;
    readonly hasPrivateKey: boolean;
  }[];
  readonly registrations: readonly string[];
  readonly faults: readonly ActiveFault[];
}

/** A running double of a Windows host with IIS. */
export interface SimWindows {
  readonly host: WindowsHost;
  readonly faults: Faults;
  /** Number that every binding of port 80 has on its loopback address. */
  readonly httpPort: number;
  readonly socketPath: string | null;
  /** Every binding and where it was moved. */
  ports(): Promise<readonly PortRow[]>;
  snapshot(): Promise<SimSnapshot>;
  /** `host.httpServer.serve` for an answer that takes time: one that is asked in another process. */
  serveAsync(prefix: string, answer: Registration['answer']): Promise<() => Promise<void>>;
  stop(): Promise<void>;
}

const ACCESS_DENIED = 5;
const MAX_PAGE = 16 * 1024 * 1024;
const needElevation = new Set([
  'certificates.importPfx',
  'certificates.add',
  'certificates.remove',
  'sslRecords.set',
  'sslRecords.update',
  'sslRecords.remove',
]);
const stickable = new Set(['sslRecords.set', 'sslRecords.update', 'sslRecords.remove']);

/** Starts the double. Throws IIS_CONFIG_INVALID for a configuration that IIS could not load either. */
export async function startSimWindows(options: SimWindowsOptions): Promise<SimWindows> {
  const elevated = options.elevated ?? true;
  const configuration = loadConfiguration(options.applicationHostConfig);
  const files = createSiteFiles(options.rootFolder);
  const sites = createSites(configuration);
  const stores = createStores();
  const faults = createFaults();
  const hasIpv6 = await listensOn('::1');

  const makeRootFolders = (): Promise<void> => createRootFolders(sites, files);
  await mkdir(options.rootFolder, { recursive: true });
  await makeRootFolders();
  await files.write(CONFIGURATION_PATH, options.applicationHostConfig);

  // Changes come at any time and from several processes; sockets are opened and closed one change after another.
  let queue: Promise<void> = Promise.resolve();
  const reconcile = (): Promise<void> => {
    const next = queue.then(() => listeners.reconcile(wanted()));
    queue = next.catch(() => {});
    return next;
  };
  const changed = async (): Promise<void> => {
    sites.refresh();
    await makeRootFolders();
    await files.write(CONFIGURATION_PATH, configuration.write());
    await reconcile();
  };
  const records = createRecords((store, hash) => stores.servable(store, hash) !== null, reconcile);
  const registrations = createRegistrations({
    elevated,
    foreignPorts: new Set(options.foreignPorts),
    changed: reconcile,
  });
  const identities = createIdentities({
    stores,
    records: records.current,
    files,
    faults,
    order: options.choiceOrder ?? 'host-first',
    centralStore: options.centralStore ?? null,
  });
  const http = createHttpFront({
    urls: sites.urls,
    registrations: registrations.current,
    files,
    serverTypes: () => serverMimeMap(configuration.elementsBelowRoot('system.webServer', 'staticContent')),
  });

  // Windows listens where a URL is registered, by IIS or by another application; a record alone opens no socket, but one with a foreign
  // application id stands for an application that has registered its URLs.
  const wanted = (): { scheme: 'http' | 'https'; address: string; port: number }[] => [
    ...sites.urls(),
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
    if (listener.scheme === 'http') http.accept(socket, listener);
    else
      acceptTls(
        socket,
        (serverName) => identities.identify(listener, serverName),
        (secured) => http.accept(secured, listener),
      );
  };
  const opened = await openListeners(options, (httpPort) => {
    const made = createListeners({ httpPort, keepPorts: options.keepPorts ?? false, hasIpv6, onConnection });
    return { listeners: made, ready: made.reconcile(wanted()) };
  });
  const { listeners, httpPort } = opened;

  const appcmd = createAppcmd({ configuration, sites, elevated, changed });
  const bare: WindowsHost = {
    describe: async () => ({
      os: 'Windows Server (sim-windows)',
      elevated,
      iisVersion: '10.0',
      machineName: 'SIM-WINDOWS',
    }),
    appcmd: async (args) => faults.appcmd(args) ?? appcmd(args),
    certificates: stores,
    sslRecords: records,
    files,
    httpServer: { serve: (prefix, answer) => serveAsync(prefix, async (request) => answer(request)) },
    endpoints: async (address, port) => {
      const wildcard = address === '*' || address === '0.0.0.0' || address === '';
      const endpoint = listeners.endpointOf(wildcard ? '*' : address.replace(/^\[(.*)\]$/, '$1'), port);
      return endpoint === null ? [] : [endpoint];
    },
  };
  const serveAsync: SimWindows['serveAsync'] = (prefix, answer) =>
    faults.around('httpServer.serve', () => registrations.add(prefix, answer));
  const host = hostFromCalls(
    (name, parameters) =>
      faults.around(name, async () => {
        if (!elevated && needElevation.has(name)) throw new WindowsError(name, ACCESS_DENIED);
        if (stickable.has(name)) {
          const [given] = parameters as [SslRecord | SslRecord['key']];
          if (faults.sticks('key' in given ? given.key : given)) return undefined;
        }
        return callHost(bare, name, parameters);
      }),
    bare.httpServer.serve,
  );

  const sim = {
    host,
    faults,
    httpPort,
    socketPath: options.socketPath ?? null,
    ports: async () => portRows(sites.all(), listeners),
    snapshot: async () => ({
      sites: sites.all().map(({ inventory, conflict }) => ({ name: inventory.name, state: inventory.state, conflict })),
      records: records.current(),
      certificates: (
        await Promise.all((['MY', 'WebHosting', 'CA', 'Root'] as const).map((store) => stores.list(store)))
      ).flatMap((list) => list.map(({ store, thumbprint, hasPrivateKey }) => ({ store, thumbprint, hasPrivateKey }))),
      registrations: registrations
        .current()
        .map(({ scheme, host: name, port, path }) => `${scheme}://${name}:${port}${path}`),
      faults: await faults.list(),
    }),
    serveAsync,
  };
  const stopRpc = options.socketPath === undefined ? null : await listenRpc(sim, options.socketPath);
  return {
    ...sim,
    stop: async () => {
      await stopRpc?.();
      await queue;
      await listeners.close();
    },
  };
}

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

/** Folders that a real server has, each with a page, so that the site can be looked at. */
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

function listensOn(host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(0, host, () => server.close(() => resolve(true)));
  });
}
