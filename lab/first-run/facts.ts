import { arch } from 'node:os';
import { MAX_CONFIGURATION_OCTETS } from '../../src/iis/config/application-host-text.ts';
import { isWildcard } from '../../src/iis/config/bound-address.ts';
import { redirectedFolder } from '../../src/iis/config/redirection.ts';
import { readInventory } from '../../src/iis/inventory.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type { HttpSysFacts, IisFacts, ResultFile } from '../../src/selftest/result-file.ts';
import { registryNumber } from '../../src/windows/registry.ts';
import { ipListenList } from '../../src/windows/http/endpoints.ts';
import type { Native } from '../../src/windows/ffi/native.ts';
import type { NameHider } from './name-hider.ts';
import { registryText } from './native/registry-text.ts';
import { ranAs } from './native/token.ts';
import { tpmFacts } from './native/tpm.ts';
import type { Tools } from './tools.ts';

export type MachineFacts = Pick<ResultFile, 'ranAs' | 'machine' | 'iis' | 'httpSys' | 'firewall' | 'schannel'>;

/** What the machine is. A fact that cannot be read is null. */
export async function machineFacts(run: {
  readonly host: WindowsHost;
  readonly native: Native | null;
  readonly tools: Tools | null;
  readonly names: NameHider;
}): Promise<MachineFacts> {
  const { host, native, tools, names } = run;
  const iis = await orNull(() => iisFacts(host));
  if (native === null) return { ranAs: null, machine: null, iis, httpSys: null, firewall: null, schannel: null };
  return {
    ranAs: await orNull(async () => ranAs(native, names)),
    machine: await orNull(async () => machine(native)),
    iis,
    httpSys: await orNull(() => httpSys(native, tools, names)),
    firewall: await orNull(() => firewall(native, tools)),
    schannel: await orNull(async () => schannel(native)),
  };
}

export async function orNull<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch {
    return null;
  }
}

async function iisFacts(host: WindowsHost): Promise<IisFacts> {
  const { iisVersion, roleServices } = await host.describe();
  const inventory = await orNull(() => readInventory(host));
  const kinds: Record<string, number> = {};
  for (const { protocol, sslFlags } of inventory?.sites.flatMap(({ bindings }) => bindings) ?? []) {
    // Protocols are words of IIS; another one may be somebody's name.
    const known = ['http', 'https', 'ftp', 'net.tcp', 'net.pipe', 'net.msmq'].includes(protocol) ? protocol : 'other';
    const kind = `${known} ${sslFlags ?? 'unreadable'}`;
    kinds[kind] = (kinds[kind] ?? 0) + 1;
  }
  return {
    version: iisVersion,
    features: roleServices,
    sharedConfig: await orNull(() => isShared(host)),
    siteCount: inventory?.sites.length ?? null,
    bindingKinds: inventory === null ? null : kinds,
    nonAsciiNames: inventory?.sites.filter(({ name }) => /[^\x20-\x7e]/.test(name)).length ?? null,
    ccs: roleServices.includes('central-certificate-store'),
  };
}

async function isShared({ files }: WindowsHost): Promise<boolean> {
  const redirection = await files.read('config\\redirection.config', MAX_CONFIGURATION_OCTETS);
  return redirection !== null && redirectedFolder(redirection) !== null;
}

const CURRENT_VERSION = 'SOFTWARE\\Microsoft\\Windows NT\\CurrentVersion';
const CONTROL = 'SYSTEM\\CurrentControlSet\\Control';

function machine(native: Native): NonNullable<ResultFile['machine']> {
  const text = (key: string, value: string): string | null => registryText(native, key, value);
  const number = (key: string, value: string): number | null => {
    try {
      return registryNumber(native, key, value);
    } catch {
      return null;
    }
  };
  const has = (service: string): boolean => number(`SYSTEM\\CurrentControlSet\\Services\\${service}`, 'Start') !== null;
  const isOne = (value: number | null): boolean | null => (value === null ? null : value === 1);
  return {
    productName: text(CURRENT_VERSION, 'ProductName'),
    build: Number(text(CURRENT_VERSION, 'CurrentBuildNumber')) || null,
    ubr: number(CURRENT_VERSION, 'UBR'),
    edition: text(CURRENT_VERSION, 'EditionID'),
    installationType: text(CURRENT_VERSION, 'InstallationType'),
    arch: arch(),
    hotfixCount: null,
    domainRole: null,
    cluster: has('ClusSvc'),
    nlb: has('WLBS'),
    container: number(CONTROL, 'ContainerType') !== null,
    secureBoot: isOne(number(`${CONTROL}\\SecureBoot\\State`, 'UEFISecureBootEnabled')),
    tpm: tpmFacts(native),
    fips: isOne(number(`${CONTROL}\\Lsa\\FipsAlgorithmPolicy`, 'Enabled')),
    wdac: null,
    appLocker: null,
    locale: {
      acp: Number(text(`${CONTROL}\\Nls\\CodePage`, 'ACP')) || null,
      oemcp: Number(text(`${CONTROL}\\Nls\\CodePage`, 'OEMCP')) || null,
      ui: Intl.DateTimeFormat().resolvedOptions().locale,
      system: text(`${CONTROL}\\Nls\\Language`, 'Default'),
    },
    consoleCp: null,
    timeSkewS: null,
    nodefaultadminowner: isOne(number(`${CONTROL}\\Lsa`, 'nodefaultadminowner')),
  };
}

const isLoopback = (address: string): boolean => address === '::1' || address.startsWith('127.');

/** Addresses of loopback and wildcards are nobody's; others, and the URLs of reservations, are hidden. */
async function httpSys(native: Native, tools: Tools | null, { hide }: NameHider): Promise<HttpSysFacts> {
  const urls = tools === null ? null : await tools.run('netsh', ['http', 'show', 'urlacl']);
  const reservations = [...(urls?.stdout.toString('latin1') ?? '').matchAll(/https?:\/\/[^\s]+:80\/[^\s]*/g)];
  return {
    ids: null,
    update: { exported: native.httpapi.HttpUpdateServiceConfiguration !== null },
    iplisten: ipListenList(native).map((address) =>
      isWildcard(address) || isLoopback(address) ? address : hide(address),
    ),
    urlacl80: urls === null ? null : reservations.map(([url]) => hide(url)),
    portOwners: null,
    exParams: null,
  };
}

const POLICY = 'SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy';
const PROFILES = { DomainProfile: 'domain', StandardProfile: 'private', PublicProfile: 'public' } as const;

async function firewall(native: Native, tools: Tools | null): Promise<NonNullable<ResultFile['firewall']>> {
  const on = Object.entries(PROFILES).filter(
    ([profile]) => registryNumber(native, `${POLICY}\\${profile}`, 'EnableFirewall') === 1,
  );
  const listed = tools === null ? null : await tools.run('reg', ['query', `HKLM\\${POLICY}\\FirewallRules`]);
  const rules = (listed?.stdout.toString('latin1') ?? '').split('\n').filter((line) => {
    return /\|Active=TRUE\|/i.test(line) && /\|Dir=In\|/i.test(line) && /\|LPort=80\|/i.test(line);
  });
  return {
    profilesOn: on.map(([, name]) => name),
    rule80System: listed === null ? null : rules.some((line) => /\|App=System\|/i.test(line)),
    rule80Node: listed === null ? null : rules.some((line) => /\|App=[^|]*node\.exe\|/i.test(line)),
    gpoOnly: null,
  };
}

const SCHANNEL = 'SYSTEM\\CurrentControlSet\\Control\\SecurityProviders\\SCHANNEL';

function schannel(native: Native): NonNullable<ResultFile['schannel']> {
  const protocols: Record<string, boolean | null> = {};
  for (const protocol of ['SSL 3.0', 'TLS 1.0', 'TLS 1.1', 'TLS 1.2', 'TLS 1.3']) {
    const enabled = registryNumber(native, `${SCHANNEL}\\Protocols\\${protocol}\\Server`, 'Enabled');
    protocols[protocol] = enabled === null ? null : enabled !== 0;
  }
  const list = registryNumber(native, SCHANNEL, 'SendTrustedIssuerList');
  return { protocols, suites: null, sendTrustedIssuerList: list === null ? null : list !== 0 };
}
