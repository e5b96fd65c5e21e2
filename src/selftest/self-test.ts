import { EverbindError } from '../errors/error.ts';
import { hasAddress } from '../iis/config/bound-address.ts';
import type { Clock } from '../ports/clock.ts';
import type { HostKeys } from '../ports/host-keys.ts';
import type { CertificateKeyAlgorithm, KeyStore } from '../ports/key-store.ts';
import type { Random } from '../ports/random.ts';
import type { HostDescription, WindowsHost } from '../ports/windows-host.ts';
import type { Probe } from '../verify/probe.ts';
import type { Bench } from './bench.ts';
import { NAME_BINDING, OTHER_BINDINGS } from './binding-kind.ts';
import { findTraces, removeTraces } from './clean-up.ts';
import { HTTP_PORT, serveAndAsk } from './http-response.ts';
import { ALGORITHMS, keyNameOf, makeKeyStep, RENEWAL_KEY } from './keys.ts';
import { createLocalCa } from './local-ca.ts';
import { type MadeKey, renewWithEach, renewWithImported } from './other-keys.ts';
import { renewFromOtherStore } from './other-store.ts';
import { recordHost } from './recorded-host.ts';
import { recordProbe } from './recorded-probe.ts';
import { renewBinding } from './renew-binding.ts';
import { replaceRecord } from './replace-record.ts';
import type { AppcmdRun, SeenHandshake, Snapshots, TestStep } from './result-file.ts';
import { compareSnapshots, createNameHider, snapshotOf } from './snapshot.ts';
import { createSteps, type Steps } from './steps.ts';

export interface SelfTestOptions {
  readonly host: WindowsHost;
  /** Opens the key store in which the keys of the test are made. */
  openKeys(hostKeys: HostKeys): KeyStore;
  /** Of the keys; null: every one that the provider makes. */
  readonly algorithm: CertificateKeyAlgorithm | null;
  readonly probe: Probe;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
  onStep(result: TestStep): void;
}

export interface SelfTestRun {
  readonly host: HostDescription;
  /** As handles name it. */
  readonly provider: string;
  readonly steps: readonly TestStep[];
  readonly handshakes: readonly SeenHandshake[];
  readonly appcmd: readonly AppcmdRun[];
  /** null when another self-test was under way. */
  readonly snapshots: Snapshots | null;
  /** What is still there at the end, in words. */
  readonly leftovers: readonly string[];
}

/**
 * Renews certificates of temporary sites on this server, rolls them back, and removes everything again. A step that
 * fails ends its part of the test, and everything that was created is removed in any case. Throws only what `describe`
 * of the host does.
 */
export async function runSelfTest(options: SelfTestOptions): Promise<SelfTestRun> {
  const { clock, random, signal } = options;
  const { host, takeCalls, appcmd } = recordHost(options.host, clock);
  const recorded = recordProbe(options.probe, clock);
  const keys = options.openKeys(host.keys);
  const done: TestStep[] = [];
  const leftovers: string[] = [];
  const onStep = (result: TestStep): void => {
    done.push(result);
    options.onStep(result);
  };
  const steps = createSteps({ clock, signal, takeCalls, onStep });
  const description = await host.describe();
  const { handshakes } = recorded;
  const run = {
    host: description,
    provider: keys.provider,
    steps: done,
    handshakes,
    appcmd,
    leftovers,
    snapshots: null,
  };
  await steps.run('host', async () => describe(description));
  // Holds the URL prefix until the end, so that a second self-test is refused here, before it can remove what this one
  // creates.
  const prefix = await steps.run('respond over HTTP', () => serveAndAsk(host, random));
  if (prefix === null) return run;
  // Others may change something meanwhile, so what differs is written down and not judged.
  const hide = createNameHider();
  let before: readonly string[] = [];
  try {
    await steps.run('remove what an earlier run left', () => removeTraces(host, keys));
    before = await snapshotOf(options.host, hide);
    const ca = createLocalCa(random, clock.now());
    await testAll({ host, keys, ca, clock, recorded, probe: options.probe }, steps, options.algorithm);
  } finally {
    await steps.always('remove everything', () => removeTraces(host, keys));
    await steps.always('nothing is left', async () => {
      leftovers.push(...(await findTraces(host, keys)));
      if (leftovers.length === 0) return '';
      throw new EverbindError('SELFTEST_FAILED', `still there: ${leftovers.join(', ')}`);
    });
    await steps.always('the HTTP response is gone', () => prefix.end());
  }
  steps.skip('the firewall, from outside', FROM_OUTSIDE);
  return { ...run, snapshots: compareSnapshots(before, await snapshotOf(options.host, hide)) };
}

const FROM_OUTSIDE =
  'this cannot be tested here: every connection of the self-test stays on this server, so it shows nothing about firewalls, load balancers and addresses on the way to visitors and CAs';

async function testAll(bench: Bench, steps: Steps, algorithm: CertificateKeyAlgorithm | null): Promise<void> {
  const keys = await makeKeys(bench, steps, algorithm);
  const pair = await steps.run('make the key of the renewal', async () => {
    const [first] = keys;
    if (first === undefined) throw new EverbindError('SELFTEST_FAILED', 'the provider made no key');
    return { first: first.handle, second: await bench.keys.generate(RENEWAL_KEY, first.algorithm) };
  });
  const name = steps.part();
  const renewed = await renewBinding(bench, name, NAME_BINDING, pair);
  await replaceRecord(bench, name.part(), renewed);
  await renewWithEach(name, renewed, keys.slice(1));
  await renewWithImported(bench, name, renewed);
  await renewFromOtherStore(name.part(), renewed, pair);
  const absent = await steps.run('look for addresses of this server', () => absentAddresses(bench));
  for (const kind of OTHER_BINDINGS) {
    const reason = absent?.get(kind.address);
    if (reason === undefined) await renewBinding(bench, steps.part(), kind, pair);
    else steps.skip(`${kind.label}: renew and roll back`, reason);
  }
}

async function makeKeys(
  { keys }: Bench,
  steps: Steps,
  algorithm: CertificateKeyAlgorithm | null,
): Promise<readonly MadeKey[]> {
  const made: MadeKey[] = [];
  for (const wanted of algorithm === null ? ALGORITHMS : [algorithm]) {
    // Providers differ in what they make, and some make RSA keys that cannot do TLS 1.3. What was asked for by name has
    // to be made.
    const refusals = algorithm === null ? (['KEY_ALGORITHM_UNSUPPORTED', 'KEY_NOT_POSSESSED'] as const) : [];
    const make = async (): Promise<MadeKey> => {
      return { algorithm: wanted, handle: await keys.generate(keyNameOf(wanted), wanted) };
    };
    const key = await steps.part().run(makeKeyStep(wanted), make, refusals);
    if (key !== null) made.push(key);
  }
  return made;
}

/** Why a binding to an address cannot be tested, by address. */
async function absentAddresses({ host }: Bench): Promise<ReadonlyMap<string, string>> {
  const reached = await host.endpoints('*', HTTP_PORT);
  if (!reached.some(({ address }) => address === '127.0.0.1')) {
    const reason = 'http.sys is confined to other addresses (netsh http show iplisten)';
    return new Map(OTHER_BINDINGS.filter(({ address }) => address !== '*').map(({ address }) => [address, reason]));
  }
  return new Map(hasAddress(await host.addresses(), '::1') ? [] : [['::1', 'this server has no IPv6']]);
}

function describe({ os, elevated, iisVersion, roleServices }: HostDescription): string {
  const rights = elevated ? 'elevated' : 'not elevated';
  return `${os}, IIS ${iisVersion ?? 'absent'} (${roleServices.join(', ')}), ${rights}`;
}
