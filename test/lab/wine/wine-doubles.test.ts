import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { createLabCa } from '../../../lab/test-ca.ts';
import { openProbeHost, type ProbeHost } from './wine-doubles-probe.ts';

const DAY_MS = 24 * 3600 * 1000;
const PARAMETERS = 'check=1 fresh=77 timeout=88 ctl=11';
const DEFAULTS = 'check=0 fresh=0 timeout=0 ctl=00';

// A record's line: asked for the size, with one octet too little, and with enough. One in MY reads back without a
// store.
function record(key: string, thumbprint: string, flags: number, parameters = PARAMETERS): string {
  return `7a 7a 0 fits key=${key} hash=${thumbprint} app=4dc3e181 store=(none) ${parameters} flags=${flags}`;
}

describe('httpapi double under Wine', () => {
  let host: ProbeHost;
  let thumbprint: string;
  const http = (...commands: readonly (readonly string[])[]): Promise<readonly string[]> =>
    host.probe('http-probe', commands);
  const faulty = (faults: string, ...commands: readonly (readonly string[])[]): Promise<readonly string[]> =>
    host.probe('http-probe', commands, { EVERBIND_LAB_FAULTS: faults });

  before(async () => {
    host = await openProbeHost({ applicationHostConfig: null });
    const ca = await createLabCa('Everbind doubles');
    const dates = { notBefore: new Date(Date.now() - DAY_MS), notAfter: new Date(Date.now() + DAY_MS) };
    const keyless = await ca.issue({ names: ['keyless.test'], ...dates });
    const withKey = await ca.issue({ names: ['key.test'], ...dates });
    thumbprint = hash('sha1', withKey.der, 'hex');
    const without = hash('sha1', keyless.der, 'hex');
    const lines = await http(
      ['set', '5', 'early.test:443', thumbprint, 'MY', '0'],
      ['add-certificate', 'MY', Buffer.from(keyless.der).toString('hex'), '-'],
      ['set', '5', 'early.test:443', without, 'MY', '0'],
      ['add-certificate', 'MY', Buffer.from(withKey.der).toString('hex'), 'a container'],
      ['set', '5', 'early.test:443', thumbprint, 'WebHosting', '0'],
      ['query', '5', 'early.test:443'],
    );
    assert.deepEqual(lines, ['520', '0', '520', '0', '520', '2'], '1312 without a certificate with key in that store');
  });
  after(() => host.close());

  it('keeps every field of every kind of record for other processes', async () => {
    const records = [
      ['1', '0.0.0.0:443', thumbprint, '-', '2'],
      ['1', '[2001:db8::44]:443', thumbprint, 'MY', '97'],
      ['5', '*.wild.test:443', thumbprint, 'MY', '4294967295'],
      ['6', '0.0.0.0:443', '', '-', '0'],
      ['11', 'scoped.test:443', '', '-', '0'],
    ] as const;
    assert.deepEqual(
      await http(...records.map((each) => ['set', ...each])),
      records.map(() => '0'),
    );
    const expected = records.map(([id, key, digest, , flags]) =>
      record(key, digest, Number(flags), id === '6' ? DEFAULTS : PARAMETERS),
    );
    assert.deepEqual(await http(...records.map(([id, key]) => ['query', id, key])), expected);
    const [first, second, third, ...others] = await http(
      ...['0', '1', '2'].map((position) => ['next', '1', position]),
      ['next', '6', '0'],
      ['next', '6', '1'],
    );
    assert.deepEqual(new Set([first, second]), new Set([expected[0], expected[1]]));
    assert.deepEqual([third, ...others], ['103', expected[3], '103']);
    assert.deepEqual(
      await http(...records.map(([id, key]) => ['delete', id, key])),
      records.map(() => '0'),
    );
    assert.deepEqual(
      await http(...records.map(([id, key]) => ['query', id, key])),
      records.map(() => '2'),
    );
  });

  it('takes host names without regard to case, and returns 183, 2 and 87 as documented', async () => {
    const lines = await http(
      ['set', '5', 'Case.Test:443', thumbprint, 'MY', '1'],
      ['set', '5', 'CASE.test:443', thumbprint, 'MY', '2'],
      ['query', '5', 'case.TEST:443'],
      ['update', '5', 'case.test:443', thumbprint, '-', '3'],
      ['query', '5', 'case.test:443'],
      ['delete', '5', 'case.test:443'],
      ['delete', '5', 'case.test:443'],
      ['update', '5', 'case.test:443', thumbprint, 'MY', '3'],
    );
    const kept = (flags: number): string => record('Case.Test:443', thumbprint, flags);
    assert.deepEqual(lines, ['0', 'b7', kept(1), '0', kept(3), '0', '2', '2']);
    const bad = await http(
      ['set', '5', 'a/b:443', thumbprint, 'MY', '0'],
      ['set', '5', '*:443', thumbprint, 'MY', '0'],
      ['set', '1', '0.0.0.0:0', thumbprint, 'MY', '0'],
      ['set', '5', 'no-hash.test:443', '', 'MY', '0'],
      ['set', '5', 'short-hash.test:443', 'abcd', 'MY', '0'],
      ['set', '6', '0.0.0.0:444', thumbprint, '-', '0'],
      ['set', '6', '0.0.0.0:444', '', '-', '1'],
      ['set', '1', '0.0.0.0:443', thumbprint, 'MY', '0', '8'],
      ['set', '3', 'other-id.test:443', thumbprint, 'MY', '0'],
      ['update', '11', 'scoped.test:443', '', '-', '0'],
      ['query', '5', 'a/b:443'],
      ['query', '3', 'other-id.test:443'],
    );
    assert.deepEqual(
      bad,
      bad.map(() => '57'),
    );
  });

  it('fails as it is told, before or after the effect, and writes down every call', async () => {
    await host.calls().catch(() => []);
    const lines = await faulty(
      'HttpSetServiceConfiguration:1:5,HttpDeleteServiceConfiguration:after:1:0x1f,HttpUpdateServiceConfiguration:*:1450',
      ['set', '5', 'fault.test:443', thumbprint, 'MY', '0'],
      ['query', '5', 'fault.test:443'],
      ['set', '5', 'fault.test:443', thumbprint, 'MY', '0'],
      ['update', '5', 'fault.test:443', thumbprint, 'MY', '1'],
      ['update', '5', 'fault.test:443', thumbprint, 'MY', '2'],
      ['delete', '5', 'fault.test:443'],
      ['query', '5', 'fault.test:443'],
      ['delete', '5', 'fault.test:443'],
    );
    assert.deepEqual(lines, ['5', '2', '0', '5aa', '5aa', '1f', '2', '2']);
    const calls = (await host.calls()).map(([, call, status, how]) => `${call} ${status} ${how}`);
    assert.deepEqual(calls, [
      'HttpSetServiceConfiguration 0x00000005 fault',
      'HttpQueryServiceConfiguration 0x00000002 done',
      'HttpSetServiceConfiguration 0x00000000 done',
      'HttpUpdateServiceConfiguration 0x000005aa fault',
      'HttpUpdateServiceConfiguration 0x000005aa fault',
      'HttpDeleteServiceConfiguration 0x0000001f fault-after',
      'HttpQueryServiceConfiguration 0x00000002 done',
      'HttpDeleteServiceConfiguration 0x00000002 done',
    ]);
  });

  it('ends the process when the list of faults cannot be read', async () => {
    for (const list of ['HttpSetServiceConfiguration:1', 'a:b:1', 'a:1:x', 'a:before:1:5']) {
      const env = { EVERBIND_LAB_FAULTS: list };
      const [end] = await host.runAll([{ program: 'http-probe', args: ['next', '5', '0'], env }]);
      assert.equal(end?.status, 70, list);
    }
  });

  it('leaves the old or the new record when a process is killed in an update, and lets others go on', async () => {
    const key = 'kill.test:443';
    assert.deepEqual(await http(['set', '5', key, thumbprint, 'MY', '0'], ['hammer', '5', key, thumbprint, '2']), [
      '0',
      '0',
    ]);
    await host.calls();
    const one = `store=(none) check=111 fresh=111 timeout=111 ctl=11 flags=111`;
    const other = `store=(none) check=222 fresh=222 timeout=222 ctl=11 flags=222`;
    let updates = 0;
    // On a busy machine it takes longer until a process is at its updates: they are given time until kills have struck
    // among many.
    for (let least = 120; updates <= 200; least *= 2) {
      assert.ok(least < 20_000, `only ${updates} updates were there to be killed`);
      const rounds = Array.from({ length: 20 }, (_, index) => [
        {
          program: 'http-probe',
          args: ['hammer', '5', key, thumbprint, '1000000'],
          killAfterMs: least + 17 * index,
        },
        { program: 'http-probe', args: ['query', '5', key] },
      ]);
      const ends = await host.runAll(rounds.flat());
      const read = ends.filter((_, index) => index % 2 === 1).map(({ stdout }) => stdout.toString().trimEnd());
      assert.ok(
        ends.every(({ status }, index) => (status === null) === (index % 2 === 0)),
        'hammers are killed',
      );
      for (const line of read) assert.ok(line.endsWith(one) || line.endsWith(other), line);
      updates += (await host.calls()).filter(([, call]) => call === 'HttpUpdateServiceConfiguration').length;
    }
    assert.deepEqual(await http(['delete', '5', key]), ['0']);
  });

  it('serves several processes at once', async () => {
    const key = 'many.test:443';
    const hammer = { program: 'http-probe', args: ['hammer', '5', key, thumbprint, '100'], beside: true };
    await http(['set', '5', key, thumbprint, 'MY', '0']);
    const ends = await host.runAll([hammer, hammer, hammer]);
    assert.deepEqual(
      ends.map(({ stdout }) => stdout.toString().trim()),
      ['0', '0', '0'],
    );
    const args = ['set', '5', 'race.test:443', thumbprint, 'MY', '0'];
    const racers = await host.runAll(Array.from({ length: 4 }, () => ({ program: 'http-probe', args, beside: true })));
    const statuses = racers.map(({ stdout }) => stdout.toString().trim()).sort();
    assert.deepEqual(statuses, ['0', 'b7', 'b7', 'b7']);
  });

  it('passes the server on to Wine', async () => {
    assert.deepEqual(await http(['serve']), ['0 0 0 0 1']);
    assert.deepEqual(await faulty('HttpCreateUrlGroup:1:1450', ['serve']), ['0 0 5aa 0 0']);
  });

  it('exists without HttpUpdateServiceConfiguration, as Windows had it before', async () => {
    const older = await openProbeHost({ applicationHostConfig: null, update: false });
    try {
      const lines = await older.probe('http-probe', [
        ['update', '5', 'a.test:443', thumbprint, 'MY', '0'],
        ['set', '6', '0.0.0.0:443', '', '-', '0'],
        ['query', '6', '0.0.0.0:443'],
      ]);
      assert.deepEqual(lines, ['absent', '0', record('0.0.0.0:443', '', 0, DEFAULTS)]);
    } finally {
      await older.close();
    }
  });
});
