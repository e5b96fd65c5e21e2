import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type Pebble, startPebble } from '../../lab/pebble/server.ts';
import { BUILT_IN, createCatalogue, type DeploymentCatalogue } from '../../src/deploy/catalogue.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { parseCertificate } from '../../src/pki/x509/certificate.ts';
import { parsePemCertificates } from '../../src/pki/asn1/pem.ts';
import { type Run, runIn } from '../cli/world.ts';
import { chainFileType, type Look, readIfThere } from './chain-file.ts';

// A machine without Windows: a type that needs no IIS, which the test adds to those of the program, beside `iis` in one
// configuration.

let folder: string;
let stateDir: string;
let pebble: Pebble;
let look: Look = readIfThere;
const catalogue = createCatalogue([...BUILT_IN, chainFileType((file) => look(file))]);

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'everbind-deploy-'));
  stateDir = join(folder, 'state');
  await mkdir(stateDir, { mode: 0o700 });
  pebble = await startPebble();
  const [listener, root] = [join(stateDir, 'listener.pem'), join(stateDir, 'root.pem')];
  await writeFile(listener, pebble.listenerCaPem);
  await writeFile(root, await pebble.rootPem());
  await writeFile(
    join(stateDir, 'everbind.yaml'),
    `version: 1
issuers:
  - name: pebble
    directory: ${pebble.directoryUrl}
    termsOfServiceAgreed: true
    trustRoots: [${listener}]
    certificateRoots: [${root}]
defaults:
  challenge: { type: http-01, mode: listener, port: ${pebble.httpPort} }
certificates:
  - { name: file, names: [file.deploy.test], deployments: [{ type: chain-file, file: chain.pem }] }
  - { name: site, names: [site.deploy.test], deployments: [{ type: iis }] }
  - { name: both, names: [both.deploy.test], deployments: [{ type: chain-file, file: both.pem }, { type: iis }] }
`,
  );
});
after(async () => {
  await pebble.stop();
  await rm(folder, { recursive: true, force: true });
});

function run(args: readonly string[], deploymentCatalogue: DeploymentCatalogue = catalogue): Promise<Run> {
  const noWindows = new EverbindError('WIN_NOT_WINDOWS', 'this is no Windows');
  const openHost = (): Promise<never> => Promise.reject(noWindows);
  return runIn({ stateDir, openHost, dnsServers: [pebble.dnsServer], deploymentCatalogue }, args);
}

interface Outcome {
  readonly kind: string;
  readonly name: string;
  readonly code?: string;
  readonly endpoints?: readonly { readonly outcome: string }[];
}

/** Exit status and what became of each certificate, by name. */
async function renew(...args: readonly string[]): Promise<{ status: number; outcomes: ReadonlyMap<string, Outcome> }> {
  const { status, out, err } = await run(['renew', ...args, '--json']);
  assert.equal(err, '');
  const { certificates } = JSON.parse(out) as { certificates: readonly Outcome[] };
  return { status, outcomes: new Map(certificates.map((outcome) => [outcome.name, outcome])) };
}

const chain = (): Promise<string | null> => readIfThere(join(stateDir, 'chain.pem'));

async function eventsOf(name: string): Promise<readonly string[]> {
  const { out } = await run(['audit', 'log', '--json', '--subject', name, '--limit', '1000']);
  const { events } = JSON.parse(out) as { events: readonly { type: string }[] };
  return events.map(({ type }) => type);
}

describe('on a machine without IIS', () => {
  it('a dry run says what it would do, and what this machine cannot have', async () => {
    const { status, out } = await run(['renew', '--all-due', '--dry-run']);
    assert.equal(status, 3);
    const text = out.replaceAll(/\s+/g, ' ');
    assert.match(text, /change \S+chain\.pem: it gets the new chain/);
    assert.match(
      text,
      /site \(due[^[]*fails the deployment iis needs Windows with IIS: this is no Windows \[WIN_NOT_WINDOWS\]/,
    );
    assert.match(text, /1 certificate would be renewed; 2 would fail\. Nothing was changed\./);
  });

  it('what needs no IIS is renewed, deployed and verified; what needs it fails alone, and nothing is ordered for it', async () => {
    const { status, outcomes } = await renew('--all-due');
    assert.equal(status, 3);
    assert.equal(outcomes.get('file')?.kind, 'renewed');
    assert.deepEqual(
      outcomes.get('file')?.endpoints?.map(({ outcome }) => outcome),
      ['verified'],
    );
    const [leaf] = parsePemCertificates((await chain()) ?? '');
    assert.deepEqual(leaf === undefined ? [] : parseCertificate(leaf).identifiers, [
      { type: 'dns', value: 'file.deploy.test' },
    ]);
    for (const name of ['site', 'both']) {
      assert.partialDeepStrictEqual(outcomes.get(name), { kind: 'failed', code: 'WIN_NOT_WINDOWS' });
      const events = await eventsOf(name);
      assert.ok(events.includes('renewal.attempt-failed'));
      assert.deepEqual(
        events.filter((type) => /^(order|key|certificate\.issued)/.test(type)),
        [],
      );
    }
    assert.equal(await readIfThere(join(stateDir, 'both.pem')), null);
  });

  it('when visitors do not get the new chain, the earlier one is restored', async () => {
    const earlier = await chain();
    look = async (file) => ((await readIfThere(file)) === earlier ? earlier : 'something else');
    try {
      const { status, outcomes } = await renew('file', '--force');
      assert.equal(status, 1);
      assert.partialDeepStrictEqual(outcomes.get('file'), { kind: 'rolledBack', code: 'RENEWAL_NOT_VERIFIED' });
    } finally {
      look = readIfThere;
    }
    assert.equal(await chain(), earlier);
    assert.equal((await renew('file', '--force')).outcomes.get('file')?.kind, 'renewed');
    assert.notEqual(await chain(), earlier);
  });

  it('everbind rollback goes back to the certificate before; what is kept no longer is removed', async () => {
    const later = await chain();
    assert.equal((await run(['rollback', 'file', '--yes'])).status, 0);
    assert.notEqual(await chain(), later);
    for (let round = 0; round < 2; round += 1) assert.equal((await renew('file', '--force')).status, 0);
    const files = (await readdir(stateDir)).filter((name) => name.startsWith('chain.pem.'));
    assert.equal(files.length, 2, 'the present one and the one before');
    assert.ok((await eventsOf('file')).includes('certificate.retired'));
  });

  it('everbind show has the words of the type', async () => {
    assert.match((await run(['show', 'file'])).out, /^deployed to {2}the file \S+$/m);
  });

  it('its settings are checked like those of any other, and its word is known', async () => {
    const file = join(folder, 'wrong.yaml');
    const text = await readFile(join(stateDir, 'everbind.yaml'), 'utf8');
    await writeFile(
      file,
      text.replace('file: chain.pem', 'file: chain.txt, mode: 7').replace('{ type: iis }]', '{ type: ii }]'),
    );
    const { status, err } = await run(['config', 'check', '--config', file]);
    assert.equal(status, 2);
    const said = err.replaceAll(/\s+/g, ' ');
    assert.match(said, /deployments\[0\]\.mode: found the unknown key "mode", expected one of the keys type, file/);
    const words = [...BUILT_IN.map(({ type }) => type), 'chain-file'].join(', ');
    assert.ok(said.includes(`deployments[0].type: found "ii", expected one of ${words}; did you mean "iis"?`), said);
    await writeFile(file, text.replace('file: chain.pem', 'file: chain.txt'));
    const judged = await run(['config', 'check', '--config', file]);
    assert.match(judged.err.replaceAll(/\s+/g, ' '), /found "chain\.txt", expected a name that ends in \.pem/);
  });

  it('a program that does not know the type leaves its certificates as they are', async () => {
    const present = await chain();
    const { status, out } = await run(['renew', 'file', '--force', '--json'], createCatalogue(BUILT_IN));
    assert.equal(status, 1);
    assert.match(out, /"code":"STORE_NEWER"/);
    assert.equal(await chain(), present);
  });
});
