import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callHost, hostCalls, hostFromCalls } from '../../lab/sim-windows/host-calls.ts';
import { fenceHost, fenceTransport } from '../../src/agent/fence.ts';
import type { WindowsHost } from '../../src/ports/windows-host.ts';

// Whoever adds a call to the host decides here whether it changes anything.
const READING: ReadonlySet<string> = new Set([
  'describe',
  'endpoints',
  'addresses',
  'allowsInbound',
  'certificates.list',
  'certificates.find',
  'keys.providers',
  'keys.publicKey',
  'keys.sign',
  'sslRecords.enumerate',
  'sslRecords.query',
  'files.read',
]);

const lost = new Error('the lease is lost');
const fence = (): void => {
  throw lost;
};

/** A host that records its calls. */
function recorded(calls: string[]): WindowsHost {
  return hostFromCalls(
    async (name) => {
      calls.push(name);
    },
    async () => {
      calls.push('httpServer.serve');
      return async () => {};
    },
  );
}

test('every call that changes something is fenced, and no other', async () => {
  const calls: string[] = [];
  const host = fenceHost(recorded(calls), fence);
  for (const name of hostCalls) {
    const made = callHost(host, name, [['set', 'config']]);
    if (READING.has(name)) await made;
    else await assert.rejects(made, lost, name);
  }
  assert.deepEqual(new Set(calls), READING);
  await assert.rejects(
    host.httpServer.serve('http://+:80/', () => null),
    lost,
  );
  await host.appcmd(['list', 'site']);
  for (const verb of ['add', 'delete', 'clear', 'LIST']) await assert.rejects(host.appcmd([verb]), lost);
  assert.deepEqual(calls.slice(-1), ['appcmd']);
});

test('with the lease everything gets through, with what it was called with', async () => {
  const calls: [string, unknown][] = [];
  const plain = hostFromCalls(
    async (name, parameters) => {
      calls.push([name, parameters]);
    },
    async () => async () => {},
  );
  const host = fenceHost(plain, () => {});
  for (const name of hostCalls) await callHost(host, name, [name, 7]);
  assert.deepEqual(
    calls.map(([name]) => name),
    hostCalls,
  );
  const whole = calls.filter(([name, parameters]) => JSON.stringify(parameters) === JSON.stringify([name, 7]));
  // Those that take fewer parameters get no more.
  assert.ok(whole.length >= 15, `${whole.length}`);
});

test('no request is sent without the lease', async () => {
  let sent = 0;
  const send = fenceTransport(async () => {
    sent += 1;
    return { status: 200, headers: {}, body: new Uint8Array() };
  }, fence);
  const request = { method: 'GET', url: 'https://ca.test/', headers: {}, maxBytes: 1, timeoutMs: 1 } as const;
  await assert.rejects(send(request), lost);
  assert.equal(sent, 0);
});
