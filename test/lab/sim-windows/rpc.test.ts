import assert from 'node:assert/strict';
import { once } from 'node:events';
import { spawn } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { connectSimWindows } from '../../../lab/sim-windows/client.ts';
import { decode, encode } from '../../../lab/sim-windows/rpc-channel.ts';
import { EverbindError, WindowsError } from '../../../src/errors/error.ts';
import { statusOf } from '../../ports/windows-host-support.ts';
import { configurationOf, fetchRaw, simFor } from './support.ts';

const configuration = configurationOf({ name: 'Default Web Site', bindings: [['http', '*:80:']] });

test('property: what goes through the channel comes out the same', () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => (Object.is(value, -0) ? 0 : value)),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array(),
  );
  const key = fc.string().filter((name) => name !== '__proto__' && name !== '$octets');
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof({ maxDepth: 3 }, leaf, fc.array(tie('value')), fc.dictionary(key, tie('value'))),
  }));
  fc.assert(
    fc.property(value, (original) => {
      const through = decode(JSON.parse(JSON.stringify(encode(original))));
      assert.deepEqual(through, plain(original));
    }),
  );
});

// fast-check makes objects without a prototype; JSON has none of those.
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array || value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return value.map(plain);
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member)]));
}

test('a process that is killed takes its registrations with it', async (t) => {
  const sim = await simFor(t, configuration, { socket: true });
  const program = `
    import { connectSimWindows } from ${JSON.stringify(join(import.meta.dirname, '../../../lab/sim-windows/client.ts'))};
    const host = connectSimWindows(${JSON.stringify(sim.socketPath)});
    await host.httpServer.serve('http://+:80/a/', ({ host, path }) => path === '/a/null' ? null : host + path);
    await host.httpServer.serve('http://+:8123/b/', () => 'b');
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const [endpoint] = await sim.host.endpoints('*', 80);
  const [other] = await sim.host.endpoints('*', 8123);
  assert.ok(endpoint !== undefined && other !== undefined);
  const bodies = await Promise.all(
    Array.from({ length: 20 }, (_, index) => fetchRaw(endpoint, 'x.test', `/a/${index}`).then(({ body }) => body)),
  );
  assert.deepEqual(
    bodies,
    Array.from({ length: 20 }, (_, index) => `x.test/a/${index}`),
  );
  assert.equal((await fetchRaw(endpoint, 'x.test', '/a/null')).status, 404);
  child.kill('SIGKILL');
  await once(child, 'exit');
  const deadline = Date.now() + 60_000;
  while ((await sim.snapshot()).registrations.length > 0 && Date.now() < deadline) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.deepEqual((await sim.snapshot()).registrations, []);
  assert.match((await fetchRaw(endpoint, 'x.test', '/a/1')).body, /404/);
  assert.deepEqual(await sim.host.endpoints('*', 8123), []);
});

test('a client does not keep its process alive when it waits for nothing', async (t) => {
  const sim = await simFor(t, configuration, { socket: true });
  const program = `
    import { connectSimWindows } from ${JSON.stringify(join(import.meta.dirname, '../../../lab/sim-windows/client.ts'))};
    const host = connectSimWindows(${JSON.stringify(sim.socketPath)});
    await host.describe();
    const end = await host.httpServer.serve('http://+:80/a/', () => '');
    await end();`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], { stdio: 'inherit' });
  const [code] = (await once(child, 'exit')) as [number];
  assert.equal(code, 0);
});

test('failures keep their kind and status', async (t) => {
  const sim = await simFor(t, configuration, { socket: true });
  const client = connectSimWindows(sim.socketPath ?? '');
  t.after(() => client.close());
  const key = { kind: 'ccs', port: 443 } as const;
  const [near, far] = await Promise.all(
    [sim.host, client].map((host) => host.sslRecords.remove(key).catch((error: unknown) => error)),
  );
  assert.ok(near instanceof WindowsError && far instanceof WindowsError && far instanceof EverbindError);
  assert.deepEqual(
    [far.status, far.code, far.message, far.details],
    [near.status, near.code, near.message, near.details],
  );
});

test('calls of several clients run at the same time', async (t) => {
  const sim = await simFor(t, configuration, { socket: true });
  const clients = Array.from({ length: 4 }, () => connectSimWindows(sim.socketPath ?? ''));
  t.after(() => clients.forEach((client) => client.close()));
  await sim.faults.add({ kind: 'delay', call: 'describe', ms: 1000 });
  const started = performance.now();
  await Promise.all(clients.flatMap((client) => [client.describe(), client.describe(), client.describe()]));
  // One after the other they would take twelve seconds at least.
  assert.ok(performance.now() - started < 11_000);
});

test('a double that is gone is status 1722, at once and in the middle of a call', async (t) => {
  const nobody = connectSimWindows('/nonexistent/socket');
  assert.equal(await statusOf(nobody.describe()), 1722);
  assert.equal(await statusOf(nobody.describe()), 1722);
  const sim = await simFor(t, configuration, { socket: true });
  const client = connectSimWindows(sim.socketPath ?? '');
  await sim.faults.add({ kind: 'delay', call: 'describe', ms: 500 });
  await client.certificates.list('MY');
  const call = statusOf(client.describe());
  await sim.stop();
  assert.equal(await call, 1722);
  client.close();
  assert.equal(await statusOf(client.describe()), 1722);
});

test('only the owner can talk to the double, and nonsense costs the connection alone', async (t) => {
  const sim = await simFor(t, configuration, { socket: true });
  assert.equal((await stat(sim.socketPath ?? '')).mode & 0o777, 0o600);
  const socket = connect(sim.socketPath ?? '');
  socket.on('error', () => {});
  socket.resume().write('nonsense\n');
  await once(socket, 'close');
  const client = connectSimWindows(sim.socketPath ?? '');
  t.after(() => client.close());
  assert.equal((await client.describe()).iisVersion, '10.0');
});
