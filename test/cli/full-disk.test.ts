import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { runCommand } from '../../lab/run-command.ts';
import { openState, type State } from '../../src/agent/state.ts';
import { systemClock } from '../../src/net/system.ts';
import { applyText } from '../renewal/support/obtain-state.ts';
import { type Run, runIn } from './world.ts';

// A file system of its own that has no room left.

const text = `version: 1
issuers: [{ name: ca, directory: "https://ca.test/dir", termsOfServiceAgreed: true }]
defaults: { deployments: [] }
certificates: [{ name: shop, names: [shop.test] }]
`;

/** Only root can mount. */
const skip = process.platform !== 'linux' || process.geteuid?.() !== 0 || !(await canMount());

async function canMount(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'everbind-mount-'));
  const isMounted = await mount(folder, 'size=64k');
  if (isMounted) await runCommand('umount', [folder]);
  rmSync(folder, { recursive: true });
  return isMounted;
}

async function mount(folder: string, options: string): Promise<boolean> {
  return (await runCommand('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder])).exitCode === 0;
}

async function withFullDisk(
  work: (disk: { readonly stateDir: string; fill(): void; empty(): void }) => Promise<void>,
): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'everbind-full-'));
  assert.ok(await mount(folder, 'size=3m,mode=0700'));
  const filler = join(folder, 'filler');
  try {
    await work({
      stateDir: join(folder, 'state'),
      fill: () => {
        const code = (): string | null => {
          try {
            appendFileSync(filler, Buffer.alloc(4096));
            return null;
          } catch (error) {
            return (error as NodeJS.ErrnoException).code ?? '';
          }
        };
        let failed: string | null = null;
        while (failed === null) failed = code();
        assert.equal(failed, 'ENOSPC');
      },
      empty: () => rmSync(filler),
    });
  } finally {
    await runCommand('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
}

async function makeState(stateDir: string): Promise<State> {
  const state = await openState(stateDir, { clock: systemClock });
  await applyText(state, systemClock, text);
  writeFileSync(join(stateDir, 'everbind.yaml'), text);
  return state;
}

const run = (stateDir: string, ...args: readonly string[]): Promise<Run> =>
  runIn({ stateDir, openHost: () => Promise.reject(new Error('not needed')) }, args, { input: 'value' });

const reading = [['list'], ['show', 'shop'], ['status'], ['audit', 'verify'], ['audit', 'log']];
const writing = [
  ['renew', '--all-due'],
  ['secret', 'set', 'token'],
];

async function judge(stateDir: string): Promise<void> {
  for (const args of reading) {
    const { status, err } = await run(stateDir, ...args);
    assert.equal(status, 0, `${args.join(' ')}: ${err}`);
  }
  for (const args of writing) {
    const { status, err } = await run(stateDir, ...args);
    assert.equal(status, 1, args.join(' '));
    assert.match(err, /\[STORE_FULL\]/, args.join(' '));
  }
}

it(
  'a full disk: what is there can be read, everything else says STORE_FULL, and room is all that is needed',
  { skip },
  () =>
    withFullDisk(async ({ stateDir, fill, empty }) => {
      await (await makeState(stateDir)).close();
      assert.ok(!existsSync(join(stateDir, 'everbind.db-shm')));
      fill();
      await judge(stateDir);
      empty();
      assert.equal((await run(stateDir, 'secret', 'set', 'token')).status, 0);
    }),
);

it('a disk that fills up while an Everbind is at work can be read as well', { skip }, () =>
  withFullDisk(async ({ stateDir, fill, empty }) => {
    const state = await makeState(stateDir);
    fill();
    const write = (): Promise<unknown> =>
      state.store.commit(({ db }) => db.prepare('UPDATE certificate SET last_error = ?').run('x'.repeat(1_000_000)));
    for (let attempt = 0; attempt < 3; attempt += 1) await assert.rejects(write(), { code: 'STORE_FULL' });
    for (const args of reading) assert.equal((await run(stateDir, ...args)).status, 0, args.join(' '));
    empty();
    await state.store.commit(({ db }) => db.prepare('UPDATE certificate SET failures = 0').run());
    await state.close();
  }),
);
