import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { it } from 'node:test';
import { freePorts } from '../../lab/loopback.ts';
import { hold, tryHold, withLock } from '../../lab/machine-lock.ts';

const lockModule = new URL('../../lab/machine-lock.ts', import.meta.url).href;
const portsModule = new URL('../../lab/loopback.ts', import.meta.url).href;

it('one holder at a time; who waits gets it afterwards', async () => {
  const name = randomUUID();
  const order: string[] = [];
  const release = await hold(name);
  assert.equal(await tryHold(name), null);
  const later = withLock(name, () => Promise.resolve(order.push('second')));
  order.push('first');
  await release();
  await later;
  assert.deepEqual(order, ['first', 'second']);
});

it('a failure gives it back', async () => {
  const name = randomUUID();
  await assert.rejects(
    withLock(name, () => Promise.reject(new Error('no'))),
    /no/,
  );
  assert.notEqual(await tryHold(name), null);
});

it('a killed process has nothing any more', async () => {
  const name = randomUUID();
  const child = spawn(
    process.execPath,
    [
      '--input-type=module',
      '-e',
      `import { hold } from ${JSON.stringify(lockModule)}; await hold('${name}'); console.log('held'); setInterval(() => {}, 1000);`,
    ],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(child.stdout, 'data');
  assert.equal(await tryHold(name), null);
  child.kill('SIGKILL');
  await once(child, 'close');
  const release = await hold(name);
  await release();
});

it('ports are given to one process each, and never those that the system hands out by itself', async () => {
  const children = Array.from({ length: 3 }, () =>
    spawn(
      process.execPath,
      [
        '--input-type=module',
        '-e',
        `import { freePorts } from ${JSON.stringify(portsModule)}; console.log(JSON.stringify(await freePorts(100))); process.stdin.resume();`,
      ],
      { stdio: ['pipe', 'pipe', 'inherit'] },
    ),
  );
  const texts = await Promise.all(children.map(async (child) => String((await once(child.stdout, 'data'))[0])));
  const all = [...texts.flatMap((text) => JSON.parse(text) as number[]), ...(await freePorts(100))];
  for (const child of children) child.stdin.end();
  await Promise.all(children.map((child) => once(child, 'close')));
  assert.equal(new Set(all).size, 400);
  assert.ok(all.every((port) => port >= 10_240 && port <= 32_767));
});
