import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ensurePrivateFolder } from '../../src/windows/files/private-folder.ts';
import { createWindowsHost } from '../../src/windows/host.ts';
import type { AccountWork } from './account-task.ts';
import { statusOf } from './asking.ts';

// Runs in another account, by a scheduled task: as-account FOLDER. Reads work.json there, and writes the status of that
// work into status.txt.

/** Stands for a failure that has no status. */
const NO_STATUS = 0xffffffff;

const [folder] = process.argv.slice(2);
if (folder === undefined) throw new Error('a folder is needed');
const work = JSON.parse(await readFile(join(folder, 'work.json'), 'utf8')) as AccountWork;
const status = await statusOf(carryOut()).catch(() => NO_STATUS);
await writeFile(join(folder, 'status.txt'), `${status}\n`);

async function carryOut(): Promise<void> {
  if (work.kind === 'look') {
    await ensurePrivateFolder(work.folder);
    return;
  }
  const host = await createWindowsHost();
  await host.keys.sign({ provider: work.provider, name: work.name }, 'ES256', Buffer.from('everbind'));
}
