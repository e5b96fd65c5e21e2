import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { inconsistencies } from '../../lab/first-run/reader/consistency.ts';
import { readResultFile } from '../../lab/first-run/reader/schema.ts';
import type { CliEnvironment } from '../../src/cli/environment.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';
import type { ResultFile } from '../../src/selftest/result-file.ts';
import { runIn } from '../cli/world.ts';
import { failedSteps, type SelfTestWorld, startSelfTestWorld, stepOf } from './world.ts';

let world: SelfTestWorld;

before(async () => {
  world = await startSelfTestWorld();
});
after(() => world.stop());

function counts({ steps }: ResultFile): Readonly<Record<string, number>> {
  const found: Record<string, number> = {};
  for (const { outcome } of steps) found[outcome] = (found[outcome] ?? 0) + 1;
  return found;
}

const KINDS = ['name', 'wildcard', 'address', 'IPv6 address'];

describe('the self-test', () => {
  it('passes on a sound server with every algorithm, and leaves it as it was', async () => {
    const untouched = await world.traces();
    const { status, result } = await world.selftest();
    assert.equal(await world.traces(), untouched);
    assert.equal(status, 0);
    assert.deepEqual(failedSteps(result), []);
    assert.deepEqual(counts(result), { passed: 81, skipped: 1 });
    assert.ok((result.snapshots?.before.length ?? 0) > 0);
    assert.deepEqual(result.snapshots?.diff, []);
    assert.deepEqual(result.leftovers, []);

    // Each record, as http.sys names its kind, and both certificates that it held.
    const seen = new Map<string, Set<string>>();
    for (const { record, leaf, error } of result.handshakes) {
      // Before there is a record, and in the look before a change, there may be no certificate.
      if (error !== null || record === null || leaf === null) continue;
      seen.set(record, (seen.get(record) ?? new Set()).add(leaf));
    }
    assert.deepEqual(
      [...seen.keys()].map((record) => record.replace(/:\d+$/, '')),
      [
        'hostnameport selftest.everbind.invalid',
        'hostnameport *.selftest.everbind.invalid',
        'ipport 127.0.0.1',
        'ipport [::1]',
      ],
    );
    // The one of the name was also renewed with the other four algorithms, two imported keys, and from another store.
    assert.deepEqual(
      [...seen.values()].map(({ size }) => size),
      [9, 2, 2, 2],
    );
    const [provider] = result.providers;
    assert.deepEqual(
      provider?.algorithms.map(({ algorithm, status: made }) => [algorithm, made]),
      [
        ['ec-p256', 0],
        ['ec-p384', 0],
        ['rsa-2048', 0],
        ['rsa-3072', 0],
        ['rsa-4096', 0],
      ],
    );
  });

  it('writes what it saw into a result file', async () => {
    const { result } = await world.selftest(['--algorithm', 'rsa-2048']);
    const { schema, producedBy, host, ranAs, machine, node, iis, summary } = result;
    assert.deepEqual([schema, producedBy, host], ['everbind-first-run/1', 'selftest', 'double']);
    assert.equal(ranAs?.elevated, true);
    assert.equal(machine?.productName, 'Windows Server (sim-windows)');
    assert.equal(machine?.ubr, null);
    assert.deepEqual([node.version, node.openssl], [process.version, process.versions.openssl]);
    assert.deepEqual([iis?.version, iis?.features, iis?.ccs], ['10.0', ['web', 'ftp'], false]);
    assert.ok(Date.parse(result.startedAt) <= Date.parse(result.endedAt));
    // One algorithm instead of five: eight steps less.
    assert.deepEqual(counts(result), { passed: 73, skipped: 1 });
    assert.deepEqual(summary, { yes: 73, no: 0, other: 0, skipped: 1, blocking: [] });
    const read = readResultFile(Buffer.from(JSON.stringify(result)));
    assert.ok(read.ok, JSON.stringify(read));
    assert.deepEqual(inconsistencies(read.file), []);
    const update = stepOf(result, 'name: switch the record').calls.find(({ name }) => name === 'sslRecords.update');
    assert.equal(update?.status, 0);
    assert.deepEqual(
      result.appcmd.filter(({ args }) => args[0] === 'add').map(({ args, exitCode }) => [args[2], exitCode]),
      [
        ['/name:Everbind selftest', 0],
        ['/name:Everbind selftest wildcard', 0],
        ['/name:Everbind selftest address', 0],
        ['/name:Everbind selftest IPv6 address', 0],
      ],
    );
    // No name of a site that is not its own, and no name of the machine.
    assert.doesNotMatch(JSON.stringify(result), /Shop|SIM-WINDOWS/);
    const shaken = result.handshakes.filter(({ error }) => error === null);
    assert.ok(shaken.every(({ tls, cipher, leaf, chain }) => tls !== null && cipher !== null && leaf === chain[0]));
  });

  it('says what it saw of chain, connection, and times', async () => {
    const { result } = await world.selftest(['--algorithm', 'ec-p256']);
    const message = (step: string): string => stepOf(result, step).message;
    assert.equal(
      message('name: what is sent of the chain'),
      'sent with TLSv1.2: leaf, intermediate; with TLSv1.3: leaf, intermediate',
    );
    assert.equal(
      message('name: the connection from before'),
      'before the switch: a request was responded to; after it: a request was responded to',
    );
    for (const step of [
      ...KINDS.map((kind) => `${kind}: switch the record`),
      'delete and set: replace the record',
      'delete and set: roll back',
    ]) {
      assert.match(message(step), /^new certificate seen after \d+ ms; .*first handshake after the change: \d+ ms$/);
    }
  });

  it('skips what a provider does not make, unless it was asked for', async () => {
    const provider = ['--provider', 'Microsoft Platform Crypto Provider'];
    const { status, result } = await world.selftest(provider);
    assert.equal(status, 0, JSON.stringify(failedSteps(result)));
    const made = result.steps.filter(({ step }) => step.startsWith('make a key'));
    assert.deepEqual(
      made.map(({ outcome, code }) => [outcome, code]),
      [
        ['passed', null],
        ['skipped', 'KEY_ALGORITHM_UNSUPPORTED'],
        // Without RSA-PSS.
        ['skipped', 'KEY_NOT_POSSESSED'],
        ['skipped', 'KEY_ALGORITHM_UNSUPPORTED'],
        ['skipped', 'KEY_ALGORITHM_UNSUPPORTED'],
      ],
    );
    assert.equal(stepOf(result, 'name: shake hands again').outcome, 'passed');
    const asked = await world.selftest([...provider, '--algorithm', 'rsa-4096']);
    assert.equal(asked.status, 1);
    assert.deepEqual(failedSteps(asked.result), ['make a key: rsa-4096', 'make the key of the renewal']);
  });

  it('names the provider that is missing and those there are', async () => {
    const { status, result } = await world.selftest(['--provider', 'Nobody']);
    assert.equal(status, 1);
    const failed = result.steps.filter(({ outcome }) => outcome === 'failed');
    assert.deepEqual(new Set(failed.map(({ code }) => code)), new Set(['KEY_PROVIDER_UNKNOWN']));
    assert.match(failed[0]?.message ?? '', /Microsoft Software Key Storage Provider/);
  });

  it('tells people once what several steps say, and how many were not reached', async () => {
    const { out } = await world.run(['--provider', 'Nobody', '--algorithm', 'ec-p256']);
    const told = out.slice(out.indexOf('\n\n')).replaceAll(/\n {9}/g, ' ');
    assert.match(told, /^failed {3}remove what an earlier run left, remove everything, nothing is left: no key /m);
    assert.equal([...told.matchAll(/KEY_PROVIDER_UNKNOWN/g)].length, 1);
    assert.match(told, /^skipped {2}\d\d steps: an earlier step did not pass$/m);
    assert.ok(out.split('\n').every((line) => line.length <= 80));
  });

  it('removes what it made when it is interrupted, and says so', async () => {
    const untouched = await world.traces();
    const stop = new AbortController();
    const { sim } = world;
    const host: WindowsHost = {
      ...sim.host,
      certificates: {
        ...sim.host.certificates,
        addWithKey: async (...args) => {
          await sim.host.certificates.addWithKey(...args);
          stop.abort();
        },
      },
    };
    const openHost: CliEnvironment['openHost'] = () => Promise.resolve({ host, close: () => {} });
    const { status, err } = await runIn({ stateDir: '/nonexistent', openHost }, ['selftest'], { signal: stop.signal });
    assert.equal(status, 130);
    assert.match(err, /the self-test was interrupted; everything that it made is removed\n/);
    assert.equal(await world.traces(), untouched);
  });

  it('runs once at a time', async () => {
    const end = await world.sim.host.httpServer.serve('http://+:80/.well-known/everbind-selftest/', () => null);
    const untouched = await world.traces();
    const { status, result } = await world.selftest();
    assert.equal(await world.traces(), untouched);
    await end();
    assert.equal(status, 4);
    assert.deepEqual(
      result.steps.map(({ outcome }) => outcome),
      ['passed', 'failed'],
    );
  });

  it('is refused without rights, before it does anything', async () => {
    const description = await world.sim.host.describe();
    const host = { ...world.sim.host, describe: () => Promise.resolve({ ...description, elevated: false }) };
    const { status, err } = await world.run([], host);
    assert.equal(status, 5);
    assert.match(err, /WIN_NOT_ELEVATED/);
  });

  it('shows people each step, what it saw, and what it cannot test', async () => {
    const { out, status } = await world.run(['--algorithm', 'ec-p256']);
    assert.equal(status, 0);
    assert.match(out, /^STEP +RESULT +MS\n/);
    assert.match(out, /^name: switch the record +passed +\d+$/m);
    assert.match(out, /^passed {3}name: what is sent of the chain: sent with TLSv1\.2: leaf, intermediate;/m);
    assert.match(out, /^skipped {2}the firewall, from outside: this cannot be tested here/m);
    assert.match(
      out,
      /^73 of 74 steps passed, 1 skipped, 0 failed, in [\d.]+ s on Windows Server\n\(sim-windows\), IIS 10\.0\.\n$/m,
    );
  });
});
