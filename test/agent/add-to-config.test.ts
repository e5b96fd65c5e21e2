import { deepEqual, equal, match, rejects } from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeAddition } from '../../src/agent/add-to-config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { coded } from '../acme/support.ts';

const LETS_ENCRYPT = 'https://acme-v02.api.letsencrypt.org/directory';
const hosts = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `h${index}.example.com`);

async function fileWith(t: TestContext, issuer: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-add-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'everbind.yaml');
  await writeFile(file, `version: 1\n# ours\nissuers:\n  - { name: ca, directory: "${LETS_ENCRYPT}"${issuer} }\n`);
  return file;
}

async function declared(file: string): Promise<readonly (readonly [string, number])[]> {
  const { certificates } = await loadConfig(file);
  return certificates.map(({ name, identifiers }) => [name, identifiers.length]);
}

test('more names of a site than the CA takes in one certificate become several, as equal as can be', async (t) => {
  const file = await fileWith(t, '');
  const names = hosts(120);
  const { certificates } = await writeAddition(file, { name: 'shop', names }, {}, { fromSites: true });
  deepEqual(
    certificates.map((one) => one.name),
    ['shop-1', 'shop-2'],
  );
  deepEqual(
    certificates.flatMap((one) => one.names),
    names,
  );
  deepEqual(await declared(file), [
    ['shop-1', 60],
    ['shop-2', 60],
  ]);
  match(await readFile(file, 'utf8'), /^# ours$/m);

  const profile = await fileWith(t, ', profile: shortlived');
  await writeAddition(profile, { name: 'shop', names: hosts(26) }, {}, { fromSites: true });
  deepEqual(await declared(profile), [
    ['shop-1', 13],
    ['shop-2', 13],
  ]);
  const own = await fileWith(t, ', maxNames: 120');
  await writeAddition(own, { name: 'shop', names }, {}, { fromSites: true });
  deepEqual(await declared(own), [['shop', 120]]);
});

test('names that somebody chose stay together, and a note says that the CA will not take them', async (t) => {
  const file = await fileWith(t, '');
  const chosen = { name: 'shop', names: [...hosts(101), 'WEB01', '10.1.2.3'] };
  const { certificates, aside, warnings } = await writeAddition(file, chosen, {}, { fromSites: false });
  deepEqual([certificates.length, aside], [1, []]);
  deepEqual(await declared(file), [['shop', 103]]);
  match(warnings.join('\n'), /103 names, and ca takes 100 at most/);
  match(warnings.join('\n'), /because of web01: it is the name of a machine/);
  match(warnings.join('\n'), /because of 10\.1\.2\.3: /);
});

test('a host that the CA issues nothing for is left out, with the reason; a private CA may issue for it', async (t) => {
  const file = await fileWith(t, '');
  const odd = ['web01', 'shop.local', 'portal.example.com', 'intranet.corp', 'co.uk', 'printer.home.arpa'];
  const { aside, warnings } = await writeAddition(file, { name: 'shop', names: odd }, {}, { fromSites: true });
  deepEqual(
    aside.map(({ host }) => host),
    ['web01', 'shop.local', 'intranet.corp', 'co.uk', 'printer.home.arpa'],
  );
  match(aside[0]?.reason ?? '', /name of a machine/);
  match(aside[1]?.reason ?? '', /\.local is no public suffix/);
  deepEqual([warnings, await declared(file)], [[], [['shop', 1]]]);
  await rejects(writeAddition(file, { name: 'x', names: ['web01'] }, {}, { fromSites: true }), coded('CLI_USAGE'));
  equal((await declared(file)).length, 1);

  const file2 = await fileWith(t, '');
  await writeFile(file2, (await readFile(file2, 'utf8')).replace(`"${LETS_ENCRYPT}"`, '"https://ca.corp/acme"'));
  const all = await writeAddition(file2, { name: 'shop', names: odd }, {}, { fromSites: true });
  deepEqual([all.aside, all.warnings], [[], []]);
});
