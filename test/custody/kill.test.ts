import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createWorld, type World } from './world.ts';

const program = fileURLToPath(new URL('generate-and-die.ts', import.meta.url));
let world: World;
beforeEach(() => {
  world = createWorld();
});
afterEach(() => world.remove());

/** The keys that a process promised before it was killed: handle and public key. */
async function promised(limit: number | null, killAfterMs: number | null): Promise<readonly (readonly string[])[]> {
  const args = [program, world.folder, ...(limit === null ? [] : [String(limit)])];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8');
  child.stdout.on('data', (chunk: string) => {
    output += chunk;
  });
  if (killAfterMs !== null) setTimeout(() => child.kill('SIGKILL'), killAfterMs);
  const [, signal] = await once(child, 'close');
  assert.equal(signal, 'SIGKILL');
  return output
    .split('\n')
    .slice(0, -1)
    .map((line) => line.split(' '));
}

async function assertKept(told: readonly (readonly string[])[]): Promise<void> {
  const { store, keys } = world.open();
  for (const [handle = '', publicKey] of told) {
    const [, name = ''] = handle.split(':');
    assert.equal(await keys.generate(name, 'ec-p256'), handle);
    assert.equal(Buffer.from((await keys.open(handle)).publicKey).toString('base64'), publicKey);
  }
  await store.close();
}

describe('a kill', () => {
  it('right after a key was made: the next run has the very same key', async () => {
    const told = await promised(3, null);
    assert.equal(told.length, 3);
    await assertKept(told);
  });

  it('at any moment: every promised key is there, and work goes on', async () => {
    let keys = 0;
    // On a busy machine the child needs longer until it makes its first key: it is given time until kills have struck
    // among keys.
    for (let delay = 60; delay < 340 || (keys === 0 && delay < 20_000); delay = delay < 340 ? delay + 35 : delay * 2) {
      const told = await promised(null, delay);
      keys += told.length;
      await assertKept(told);
    }
    assert.ok(keys > 0);
    const { store, keys: later } = world.open();
    await later.generate('afterwards', 'ec-p256');
    await store.close();
  });
});
