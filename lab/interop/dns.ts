import assert from 'node:assert/strict';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runCli } from '../../src/cli/run.ts';
import type { CliEnvironment } from '../../src/cli/environment.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import type { CertificateState } from '../../src/renewal/state/certificate-queries.ts';
import { startPebble } from '../pebble/server.ts';
import { dnsCases, secretsOf } from './dns-cases.ts';
import { type DnsWorld, FOREIGN, startDnsWorld } from './dns-world.ts';
import type { Check } from './check.ts';

export const servers = ['BIND 9', 'Knot DNS', 'PowerDNS', 'Pebble'];

/** The program's own commands against real DNS servers, with a CA that asks them. */
export async function run(check: Check): Promise<void> {
  const world = await startDnsWorld();
  const folder = await mkdtemp(join(tmpdir(), 'everbind-interop-'));
  const pebble = await startPebble({ dnsServer: world.resolver });
  try {
    const cases = dnsCases(world);
    const secrets = secretsOf(world);
    const stateDir = join(folder, 'state');
    await mkdir(stateDir, { mode: 0o700 });
    await writeFile(join(folder, 'listener.pem'), pebble.listenerCaPem);
    await writeFile(join(folder, 'root.pem'), await pebble.rootPem());
    const configuration = {
      version: 1,
      engine: { concurrency: cases.length },
      issuers: [
        {
          name: 'pebble',
          directory: pebble.directoryUrl,
          termsOfServiceAgreed: true,
          trustRoots: [join(folder, 'listener.pem')],
          certificateRoots: [join(folder, 'root.pem')],
        },
      ],
      certificates: cases.map(({ name, names, challenges }) => ({ name, names, challenges, deployments: [] })),
    };
    await writeFile(join(stateDir, 'everbind.yaml'), JSON.stringify(configuration, null, 2));
    let printed = '';
    const everbind = async (args: readonly string[], input = ''): Promise<string> => {
      const { text, all } = await runCommand(worldOf(stateDir, world), args, input);
      printed += all;
      return text;
    };
    for (const [name, value] of Object.entries(secrets)) await everbind(['secret', 'set', name], value);

    await everbind(['renew', '--all-due', '--json']);
    const states = await list(everbind);
    for (const { name, what, names, fails } of cases) {
      await check(what, () => {
        const state = states.get(name);
        assert.ok(state !== undefined);
        if (fails === null) {
          assert.equal(state.lastError, null, JSON.stringify(state.lastError));
          assert.ok(state.active !== null, `${names.join(', ')} was not issued`);
          return;
        }
        assert.equal(state.active, null);
        assert.equal(state.lastError?.code, fails.code, JSON.stringify(state.lastError));
        assert.ok(state.lastError.message.includes(fails.says), state.lastError.message);
      });
    }

    await check('the secondary catches up while it is waited for, and the order goes on', async () => {
      const lagging = configuration.certificates.find(({ name }) => name === 'lagging');
      assert.ok(lagging !== undefined);
      lagging.challenges = lagging.challenges.map((rule) => ({ ...rule, propagation: { timeoutSeconds: 120 } }));
      await writeFile(join(stateDir, 'everbind.yaml'), JSON.stringify(configuration, null, 2));
      const until = new AbortController();
      // Until it is needed no more: the update has to be there before the secondary is told.
      const telling = (async () => {
        while (!until.signal.aborted) {
          await world.notifySecondary();
          await systemClock.sleep(500, until.signal).catch(() => {});
        }
      })();
      await everbind(['renew', 'lagging', '--force', '--json']);
      until.abort();
      await telling;
      const state = (await list(everbind)).get('lagging');
      assert.equal(state?.lastError, null, JSON.stringify(state?.lastError));
      assert.ok(state.active !== null);
    });

    await check('nothing is left in the zones, and what others put there is', async () => {
      const { bind, knot, powerdns, v6 } = world.servers;
      for (const [server, name, values] of [
        [bind, '_acme-challenge.bind.test', [FOREIGN]],
        [bind, '_acme-challenge.www.bind.test', []],
        [bind, '_acme-challenge.lag.test', []],
        [bind, '_acme-challenge.tcp.test', []],
        ...(world.ipv6 ? ([[v6, '_acme-challenge.v6.test', []]] as const) : []),
        [knot, '_acme-challenge.knot.test', []],
        [knot, 'shop.acme.knot.test', []],
        [powerdns, '_acme-challenge.pdns.test', []],
        [powerdns, '_acme-challenge.update.pdns.test', []],
      ] as const) {
        assert.deepEqual(await world.valuesAt(server, name), values, name);
      }
    });

    await check('no secret was printed, logged or stored as it is', async () => {
      const files = await readdir(stateDir, { recursive: true, withFileTypes: true });
      const texts = [printed];
      for (const file of files.filter((entry) => entry.isFile())) {
        texts.push(await readFile(join(file.parentPath, file.name), 'latin1'));
      }
      assert.ok(texts.length > 2 && printed.includes('DNS_CREDENTIALS_REFUSED'));
      for (const [name, value] of Object.entries(secrets)) {
        assert.ok(!texts.some((text) => text.includes(value)), name);
      }
    });
  } finally {
    await pebble.stop();
    await world.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

type Everbind = (args: readonly string[], input?: string) => Promise<string>;

async function list(everbind: Everbind): Promise<ReadonlyMap<string, CertificateState>> {
  const { certificates } = JSON.parse(await everbind(['list', '--json'])) as {
    readonly certificates: readonly CertificateState[];
  };
  return new Map(certificates.map((state) => [state.name, state]));
}

type Place = Pick<CliEnvironment, 'stateDir' | 'configFile' | 'dnsServers' | 'dnsPort'>;

function worldOf(stateDir: string, { resolver, port }: DnsWorld): Place {
  return { stateDir, configFile: join(stateDir, 'everbind.yaml'), dnsServers: [resolver], dnsPort: port };
}

async function runCommand(
  place: Place,
  args: readonly string[],
  input: string,
): Promise<{ readonly text: string; readonly all: string }> {
  let text = '';
  let all = '';
  await runCli(args, {
    ...place,
    clock: systemClock,
    random: systemRandom,
    signal: new AbortController().signal,
    openHost: () => Promise.reject(new EverbindError('WIN_NOT_WINDOWS', 'there is no IIS here')),
    io: {
      out: (part) => {
        text += part;
        all += part;
      },
      err: (part) => {
        all += part;
      },
      interactive: false,
      colour: false,
      columns: 80,
      drained: () => Promise.resolve(),
      readInput: () => Promise.resolve(input),
      ask: () => Promise.resolve(null),
    },
  });
  return { text, all };
}
