import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { createHttpListenerSolver } from '../../../src/challenge/http-01/listener.ts';
import { listenerEndpoints } from '../../../src/challenge/http-01/endpoints.ts';
import { createSelfCheck } from '../../../src/challenge/http-01/self-check.ts';
import { systemClock } from '../../../src/net/system.ts';
import { freePorts } from '../../../lab/loopback.ts';
import { coded, flood, httpTask, until } from '../support.ts';

async function listener(address: string | null = '127.0.0.1') {
  const [port = 0] = await freePorts(1);
  const selfCheck = createSelfCheck({ resolve: listenerEndpoints(address, port), clock: systemClock });
  return { port, solver: createHttpListenerSolver({ address, port, selfCheck }) };
}

function ask(
  port: number,
  path: string,
  method = 'GET',
  body?: string,
): Promise<{ readonly status: number; readonly body: string; readonly type: string | undefined }> {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path, method, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('latin1');
      answer.on('data', (chunk: string) => (text += chunk));
      answer.on('end', () =>
        resolve({ status: answer.statusCode ?? 0, body: text, type: answer.headers['content-type'] }),
      );
    });
    call.on('error', reject);
    call.end(body);
  });
}

const pathOf = (token: string): string => `/.well-known/acme-challenge/${token}`;

test('known challenge responses are served, everything else is not found or not allowed', async () => {
  const { port, solver } = await listener();
  const task = httpTask();
  await solver.present(task);
  await solver.present(task);
  await solver.wait(task);
  assert.deepEqual(await ask(port, pathOf(task.token)), {
    status: 200,
    body: task.keyAuthorization,
    type: 'text/plain',
  });
  assert.deepEqual(await ask(port, pathOf(task.token), 'HEAD'), { status: 200, body: '', type: 'text/plain' });
  assert.equal((await ask(port, `${pathOf(task.token)}?a=b`)).status, 200);
  for (const path of ['/', pathOf(''), pathOf(httpTask().token), `${pathOf(task.token)}/..`, pathOf('__proto__')]) {
    assert.equal((await ask(port, path)).status, 404, path);
  }
  assert.equal((await ask(port, pathOf(task.token), 'POST', 'x')).status, 405);
  await solver.cleanUp(task);
  await assert.rejects(ask(port, '/'), { code: 'ECONNREFUSED' });
});

test('one listener serves all tasks and is closed with the last of them', async () => {
  const { port, solver } = await listener();
  const tasks = Array.from({ length: 20 }, () => httpTask());
  await Promise.all(tasks.map((task) => solver.present(task)));
  await Promise.all(tasks.map((task) => solver.wait(task)));
  const [last, ...others] = tasks;
  assert.ok(last !== undefined);
  await Promise.all(others.map((task) => solver.cleanUp(task)));
  assert.equal((await ask(port, pathOf(last.token))).status, 200);
  await solver.cleanUp(last);
  await solver.cleanUp(last);
  await assert.rejects(ask(port, '/'), { code: 'ECONNREFUSED' });
});

test('closing and opening again at the same moment loses no challenge response', async () => {
  const { port, solver } = await listener();
  let before = httpTask();
  await solver.present(before);
  for (let round = 0; round < 20; round += 1) {
    const next = httpTask();
    await Promise.all([solver.cleanUp(before), solver.present(next)]);
    assert.equal((await ask(port, pathOf(next.token))).body, next.keyAuthorization);
    before = next;
  }
  await solver.cleanUp(before);
});

test('by default every address of the machine is listened on', async () => {
  const { port, solver } = await listener(null);
  const task = httpTask();
  await solver.present(task);
  await solver.wait(task);
  assert.equal((await ask(port, pathOf(task.token))).status, 200);
  await solver.cleanUp(task);
});

test('a port in use has its own code, and works once it is free', async () => {
  const { port, solver } = await listener();
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
  const task = httpTask();
  await assert.rejects(solver.present(task), coded('CHALLENGE_PORT_IN_USE'));
  await solver.cleanUp(task);
  await new Promise((resolve) => other.close(resolve));
  await solver.present(task);
  await solver.wait(task);
  await solver.cleanUp(task);
});

test('an address of another machine cannot be listened on', async () => {
  const { solver } = await listener('192.0.2.1');
  await assert.rejects(solver.present(httpTask()), coded('CHALLENGE_PRESENT_FAILED', 'listen-failed'));
});

test('headers without end are refused', async () => {
  const { port, solver } = await listener();
  const task = httpTask();
  await solver.present(task);
  const answer = await new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
    socket.write(`GET / HTTP/1.1\r\nhost: x\r\nx: ${'a'.repeat(20_000)}\r\n`);
  });
  assert.match(answer, /^HTTP\/1\.1 431 /);
  await solver.cleanUp(task);
});

test('the CA gets its answer through 400 connections that say nothing, or never end their headers', async (t) => {
  for (const first of ['', 'GET /.well-known/acme-challenge/x HTTP/1.1\r\nhost: x\r\n']) {
    const { port, solver } = await listener();
    const task = httpTask();
    t.after(() => solver.cleanUp(task));
    await solver.present(task);
    const idle = await flood(port, 400, first);
    const began = performance.now();
    for (let asked = 0; asked < 5; asked += 1) assert.equal((await ask(port, pathOf(task.token))).status, 200);
    assert.ok(performance.now() - began < 1_000);
    await until(() => idle.open() <= 256, 1_000);
    assert.ok(idle.open() > 200, `${idle.open()} open: only the oldest make room`);
    idle.stop();
  }
});

test('whoever sends headers slowly, or none, is disconnected after a few seconds', async (t) => {
  const { port, solver } = await listener();
  const task = httpTask();
  t.after(() => solver.cleanUp(task));
  await solver.present(task);
  const silent = await flood(port, 1);
  const slow = await flood(port, 1, 'GET / HTTP/1.1\r\n');
  assert.ok((await until(() => silent.open() + slow.open() === 0, 8_000)) > 1_000);
});
