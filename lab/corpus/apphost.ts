import { deepStrictEqual, equal, ok, throws } from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, EverbindError } from '../../src/errors/error.ts';
import { parseSiteList } from '../../src/iis/config/appcmd-output.ts';
import { parseApplicationHost, type IisConfiguration } from '../../src/iis/config/application-host.ts';
import { inventoryOfConfiguration } from '../../src/iis/config/application-host-inventory.ts';
import { decodeXml } from '../../src/iis/config/application-host-text.ts';
import type { RawSite } from '../../src/iis/config/application-host-sites.ts';
import { parseBindingInformation } from '../../src/iis/config/binding-information.ts';
import { canonicalHost } from '../../src/pki/x509/names.ts';

interface CorpusCase {
  readonly name: string;
  run(): void | Promise<void>;
}

/**
 * Real IIS configurations against what an independent XML parser read from them, fragments from manuals, appcmd output,
 * and the mapping of bindingInformation. `corpus` is the folder that holds apphost/, cli/ and behaviour-refs/.
 */
export async function* cases(corpus: string): AsyncIterable<CorpusCase> {
  const folder = join(corpus, 'apphost');
  const invalid = await filesMarkedInvalid(folder);
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.config')).sort()) {
    yield {
      name: `apphost/${file}`,
      run: async () => {
        const octets = await readFile(join(folder, file));
        if (invalid.has(file)) expectRefused(octets);
        else compare(parseApplicationHost(octets), await readJson<Truth>(join(folder, 'truth', truthName(file))));
      },
    };
  }
  for (const file of await filesIn(join(folder, 'fragments'))) {
    yield {
      name: `apphost/fragments/${file}`,
      run: async () => checkFragment(await readFile(join(folder, 'fragments', file))),
    };
  }
  for (const file of await filesIn(join(corpus, 'cli'))) {
    if (!file.endsWith('.xml')) continue;
    yield { name: `cli/${file}`, run: async () => checkAppcmd(await readFile(join(corpus, 'cli', file))) };
  }
  for (const file of await filesIn(join(corpus, 'behaviour-refs'))) {
    const { cases: references } = await readJson<{ cases?: BindingReference[] }>(join(corpus, 'behaviour-refs', file));
    for (const reference of references ?? []) {
      yield { name: `behaviour-refs ${reference.bindingInformation}`, run: () => checkReference(reference) };
    }
  }
}

interface Truth {
  readonly sites: readonly TruthSite[];
  readonly locationPaths: readonly (string | null)[];
  readonly applicationPools: readonly (string | null)[];
  readonly siteDefaultsBindings: readonly Record<string, string>[];
}

interface TruthSite {
  readonly name: string | null;
  readonly id: string | null;
  readonly serverAutoStart: string | null;
  readonly bindings: readonly Record<string, string>[];
  readonly applications: readonly unknown[];
  readonly hsts: Record<string, string> | boolean | null;
  readonly ftpServer: boolean;
}

interface BindingReference {
  readonly protocol?: string;
  readonly bindingInformation: string;
  readonly address: string;
  readonly port: string;
  readonly host: string;
}

function compare(configuration: IisConfiguration, truth: Truth): void {
  // A fragment has no sites of a server; a reader that looks below <sites> wherever it stands finds those of the
  // fragment.
  const sites =
    truth.sites.length === 0 ? configuration.sites : [...configuration.sites, ...configuration.fragmentSites];
  deepStrictEqual(
    sites.map((site, index) => asTruth(site, truth.sites[index])),
    truth.sites,
  );
  deepStrictEqual(
    configuration.locations.map(({ path }) => path),
    truth.locationPaths,
  );
  deepStrictEqual(configuration.applicationPools, truth.applicationPools);
  deepStrictEqual(
    configuration.siteDefaults.bindings.map(({ attributes }) => attributes),
    truth.siteDefaultsBindings,
  );
  // What everything else works on must come out of it too, whatever the file holds.
  equal(inventoryOfConfiguration(configuration).sites.length, configuration.sites.length);
}

function asTruth(site: RawSite, truth: TruthSite | undefined): TruthSite {
  return {
    name: site.name,
    id: site.id,
    serverAutoStart: site.serverAutoStart,
    bindings: site.bindings.map(({ attributes }) => attributes),
    applications: site.applications.map(({ path, applicationPool, enabledProtocols, virtualDirectories }) => ({
      path,
      applicationPool,
      enabledProtocols,
      virtualDirectories: virtualDirectories.map((directory) => ({
        path: directory.path,
        physicalPath: directory.physicalPath,
      })),
    })),
    hsts: typeof truth?.hsts === 'boolean' ? site.hsts !== null : site.hsts,
    ftpServer: site.ftpServer !== null,
  };
}

function expectRefused(octets: Uint8Array): void {
  try {
    parseApplicationHost(octets);
  } catch (error) {
    equal(errorCode(error), 'IIS_CONFIG_INVALID');
    ok(error instanceof EverbindError && Number(error.details['line']) >= 1 && Number(error.details['column']) >= 1);
    return;
  }
  throw new Error('a broken file was read without complaint');
}

// Fragments have no truth beside them: what can be counted in their text must come out of those whose root we know.
function checkFragment(octets: Uint8Array): void {
  if (!isOneElement(new TextDecoder().decode(octets))) {
    expectRefused(octets);
    return;
  }
  const { root, sites, fragmentSites, siteDefaults } = parseApplicationHost(octets);
  if (root !== 'configuration') equal(sites.length, 0);
  if (!['configuration', 'system.applicationHost', 'sites', 'site', 'siteDefaults'].includes(root)) return;
  const text = decodeXml(octets).replaceAll(/<!--.*?-->/gs, '');
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  const found = [...sites, ...fragmentSites];
  equal(found.length, count(/<site[\s/>]/g), 'sites');
  const bindings = [...found.flatMap((site) => site.bindings), ...siteDefaults.bindings];
  equal(bindings.length, count(/<binding[\s/>]/g), 'bindings');
  const settings = [...found, siteDefaults];
  equal(settings.filter(({ hsts }) => hsts !== null).length, count(/<hsts[\s/>]/g), 'hsts');
  const hashes = settings.flatMap(({ ftpServer }) => ftpServer?.ssl?.['serverCertHash'] ?? []);
  equal(hashes.length, count(/\sserverCertHash=/g), 'FTP certificates');
  for (const hash of hashes) ok(text.includes(hash));
}

// Judged apart from the parser: manuals also print several elements in a row, or cut one short.
function isOneElement(text: string): boolean {
  const open: string[] = [];
  let roots = 0;
  const body = text.replaceAll(/<!--.*?-->|<\?.*?\?>/gs, '');
  for (const [, closing, name = '', empty] of body.matchAll(/<(\/?)([\w.:-]+)(?:\s[^<>]*?)?(\/?)>/g)) {
    if (closing === '/') {
      if (open.pop() !== name) return false;
      continue;
    }
    if (open.length === 0) roots += 1;
    if (empty !== '/') open.push(name);
  }
  return open.length === 0 && roots === 1;
}

function checkAppcmd(octets: Uint8Array): void {
  const text = Buffer.from(octets).toString();
  if (!/<appcmd[\s/>]/.test(text)) {
    throws(() => parseSiteList(octets), { code: 'IIS_APPCMD_OUTPUT_INVALID' });
    return;
  }
  const attributes = (name: string): readonly string[] =>
    [...text.matchAll(new RegExp(`<SITE(?=\\s)[^>]*?\\s${name}="([^"]*)"`, 'g'))].map(([, value]) =>
      unescaped(value ?? ''),
    );
  const sites = parseSiteList(octets);
  deepStrictEqual(
    sites.map(({ id }) => id),
    attributes('SITE.ID'),
  );
  deepStrictEqual(
    sites.map(({ state }) => state),
    attributes('state').map((state) => (state === 'Started' || state === 'Stopped' ? state : 'Unknown')),
  );
  // A comma separates two bindings only before a protocol.
  const bindings = attributes('bindings').flatMap((list) => list.split(/,(?=[A-Za-z][A-Za-z0-9.+-]*\/)/));
  for (const binding of bindings) {
    const [, protocol = '', bindingInformation = ''] = /^([^/]*)\/(.*)$/s.exec(binding) ?? [];
    const plain =
      /^https?$/i.test(protocol) && /^(?:\*|[0-9.]+|\[[0-9a-f:]+\]):[0-9]+:[\w.-]*$/.test(bindingInformation);
    if (plain) equal(parseBindingInformation(protocol, bindingInformation).kind, 'ip-port-host', bindingInformation);
  }
}

function unescaped(text: string): string {
  const named: Record<string, string> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, name: string) => named[name] ?? '');
}

function checkReference({ protocol = 'https', bindingInformation, address, port, host }: BindingReference): void {
  const information = parseBindingInformation(protocol, bindingInformation);
  ok(information.kind === 'ip-port-host');
  equal(canonicalHost(information.address === '*' ? '0.0.0.0' : information.address), canonicalHost(address));
  equal(information.port, Number(port));
  equal(information.host, host);
}

async function filesMarkedInvalid(folder: string): Promise<ReadonlySet<string>> {
  const [head = '', ...lines] = (await readFile(join(folder, 'INDEX.tsv'), 'utf8')).split(/\r?\n/);
  const columns = head.split('\t');
  const [file, xml] = [columns.indexOf('file'), columns.indexOf('xml')];
  ok(file >= 0 && xml >= 0, 'INDEX.tsv has the columns file and xml');
  const rows = lines.map((line) => line.split('\t')).filter((cells) => cells[xml] === 'INVALID');
  return new Set(rows.map((cells) => cells[file] ?? ''));
}

async function filesIn(folder: string): Promise<readonly string[]> {
  const files: string[] = await readdir(folder).catch(() => []);
  return files.sort();
}

async function readJson<T>(path: string): Promise<T> {
  return JSON.parse(await readFile(path, 'utf8')) as T;
}

function truthName(file: string): string {
  return file.replace(/\.config$/, '.json');
}
