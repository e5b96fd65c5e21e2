import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Asking, Skip, toolsOf } from './asking.ts';
import { PREFIX } from './own-names.ts';

/** What as-account.ts is asked to do, in another account. */
export type AccountWork =
  | { readonly kind: 'sign'; readonly provider: string; readonly name: string }
  | { readonly kind: 'look'; readonly folder: string };

/** Accounts by the name that schtasks takes in every language, and their SID. */
export const ACCOUNTS = {
  system: { name: 'S-1-5-18', sid: 'S-1-5-18' },
  networkService: { name: 'S-1-5-20', sid: 'S-1-5-20' },
} as const;

const PROGRAM = join(import.meta.dirname, 'as-account.ts');
const WAIT_MS = 60_000;

/**
 * Runs work as another account, by a scheduled task that is removed again; its status, or null when it never responded.
 */
export async function asAccount(
  asking: Asking,
  account: (typeof ACCOUNTS)[keyof typeof ACCOUNTS],
  work: AccountWork,
): Promise<number | null> {
  const tools = toolsOf(asking);
  if (!existsSync(PROGRAM)) throw new Skip('a checkout with lab/first-run/as-account.ts');
  const folder = join(tools.folder, '..', 'Temp', `EverbindFirstRun-${randomBytes(4).toString('hex')}`);
  await mkdir(folder);
  asking.onEnd(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'work.json'), JSON.stringify(work));
  await tools.run('icacls', [folder, '/grant', `*${account.sid}:(OI)(CI)M`]);
  const task = `${PREFIX} ${randomBytes(4).toString('hex')}`;
  const command = [process.execPath, PROGRAM, folder].map((part) => `"${part}"`).join(' ');
  const made = await asking.call(
    'schtasks /create',
    async () =>
      (
        await tools.run('schtasks', [
          '/create',
          '/tn',
          task,
          '/tr',
          command,
          '/sc',
          'once',
          '/st',
          '00:00',
          '/f',
          '/ru',
          account.name,
          '/rl',
          'highest',
        ])
      ).status ?? 0xffffffff,
  );
  if (made !== 0) throw new Skip(`scheduled tasks: schtasks /create ended with ${made}`);
  asking.onEnd(() => tools.run('schtasks', ['/delete', '/tn', task, '/f']));
  await tools.run('schtasks', ['/run', '/tn', task]);
  const began = performance.now();
  while (performance.now() - began < WAIT_MS) {
    const text = await readFile(join(folder, 'status.txt'), 'utf8').catch(() => '');
    if (/^\d{1,10}\n$/.test(text)) return Number(text);
    await asking.clock.sleep(250);
  }
  return null;
}
