import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from '../../../src/errors/error.ts';
import { handleRoom } from '../../../src/windows/ffi/native.ts';
import { ensurePrivateFolder } from '../../../src/windows/files/private-folder.ts';
import { ACCOUNTS, asAccount } from '../account-task.ts';
import { type Ask, type Asking, judgeAll, nativeOf, Skip, statusOf, statusText } from '../asking.ts';
import { FOLDER, hostOf } from '../own-names.ts';
import { get } from './http.ts';
import { placeSite, untilStarted } from './sites.ts';

const PAGE =
  '<%@ Page Language="C#" %><%= System.Diagnostics.Process.GetCurrentProcess().Id %>-<%= AppDomain.CurrentDomain.Id %>';
const WEB_CONFIG =
  '<?xml version="1.0" encoding="UTF-8"?>\n<configuration><system.webServer><staticContent><mimeMap fileExtension="." mimeType="text/plain" /></staticContent></system.webServer></configuration>\n';

/** Question 29. */
export const askRestarts: Ask = async (asking) => {
  const { files } = asking.host;
  const [root, port] = [`${FOLDER}\\q29`, await asking.port()];
  const name = hostOf('q29');
  const wellKnown = `${root}\\.well-known`;
  const challenge = `${wellKnown}\\acme-challenge`;
  const written = [`${root}\\page.aspx`, `${challenge}\\web.config`, `${challenge}\\token`];
  asking.onEnd(async () => {
    for (const path of written) await files.removeFile(path);
    for (const path of [challenge, wellKnown, root, FOLDER]) await files.removeEmptyFolder(path);
    // The double puts a page into each new root.
    if (asking.native === null) await files.removeFile(`${root}\\iisstart.htm`);
  });
  await files.write(`${root}\\page.aspx`, Buffer.from(PAGE));
  const site = await placeSite(asking, 'q29', `/physicalPath:${root}`, `/bindings:http/*:${port}:${name}`);
  await untilStarted(asking, site.name);
  const [endpoint] = await asking.host.endpoints('*', port);
  if (endpoint === undefined) return { verdict: 'other', observed: 'nothing listens for the site' };
  const page = async (): Promise<string | null> => {
    const { status, body } = await get(endpoint, '/page.aspx', name);
    return status === 200 && /^\d+-\d+/.test(body.trim()) ? body.trim() : null;
  };
  await files.write(`${challenge}\\web.config`, Buffer.from(WEB_CONFIG));
  await files.write(`${challenge}\\token`, Buffer.from('response'));
  const served = await get(endpoint, '/.well-known/acme-challenge/token', name);
  const before = await page();
  if (before === null) {
    if (served.body === 'response') throw new Skip('ASP.NET 4 (feature Web-Asp-Net45); the file itself was served');
    return { verdict: 'no', observed: `no ASP.NET; the file in our folder: ${served.status}` };
  }
  for (const path of written.slice(1)) await files.removeFile(path);
  await files.removeEmptyFolder(challenge);
  await files.removeEmptyFolder(wellKnown);
  await asking.clock.sleep(3_000);
  const removed = await page();
  await files.write(`${challenge}\\token`, Buffer.from('response'));
  await asking.clock.sleep(3_000);
  const appeared = await page();
  return judgeAll([
    [served.body === 'response', `the file in our folder: ${served.status}`],
    [appeared === removed, 'restarted when folders appeared: ' + String(appeared !== removed)],
    [true, `restarted when folders were removed: ${removed !== before}`],
  ]);
};

/** Question 30. */
export const askStateFolder: Ask = async (asking) => {
  nativeOf(asking);
  const folder = join(
    process.env['ProgramData'] ?? 'C:\\ProgramData',
    `EverbindFirstRun-${randomBytes(4).toString('hex')}`,
  );
  asking.onEnd(() => rm(folder, { recursive: true, force: true }));
  const parts: [boolean, string][] = [];
  const outcome = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', errorCode);
  const made = await outcome(ensurePrivateFolder(folder));
  const again = await outcome(ensurePrivateFolder(folder));
  const sddl = await descriptorOf(asking, folder);
  const owner = /^O:([A-Z]{2}|S-[\d-]+?)(?=G:|D:|$)/.exec(sddl)?.[1] ?? 'unreadable';
  parts.push([made === 'done', `made: ${made}`], [again === 'done', `looked at again: ${again}`]);
  parts.push([
    sddl.includes('D:P'),
    `owner ${owner.length === 2 ? owner : 'an account'}, ${/D:.*$/.exec(sddl)?.[0].replaceAll(/S-1-5-21[\d-]+/g, 'somebody') ?? ''}`,
  ]);
  parts.push(await replacing(folder));
  const deep = `${folder}\\${'d'.repeat(120)}\\${'e'.repeat(120)}\\file`;
  const long = await statusOf(asking.host.files.write(deep, Buffer.from('deep')));
  const read = long === 0 ? (await asking.host.files.read(deep, 16))?.length : null;
  parts.push([true, `a path of ${deep.length} characters: ${statusText(long)}, read ${read ?? 'nothing'}`]);
  const system = await lookAsSystem(asking, folder);
  return judgeAll([...parts, system]);
};

async function lookAsSystem(asking: Asking, folder: string): Promise<[boolean, string]> {
  try {
    const status = await asAccount(asking, ACCOUNTS.system, { kind: 'look', folder });
    if (status === null) return [true, 'as SYSTEM: not told, the task did not respond'];
    return [status === 0, `as SYSTEM: ${status === 0 ? 'private' : 'refused'}`];
  } catch (error) {
    if (error instanceof Skip) return [true, `as SYSTEM: not asked, ${error.message}`];
    throw error;
  }
}

/** Renames over a file again and again, also while somebody reads it. */
async function replacing(folder: string): Promise<[boolean, string]> {
  const [target, next] = [join(folder, 'file'), join(folder, 'file.new')];
  let failed = '';
  let failures = 0;
  for (let time = 0; time < 50; time += 1) {
    try {
      await writeFile(next, String(time));
      await rename(next, target);
      if ((await readFile(target, 'utf8')) !== String(time)) failures += 1;
    } catch (error) {
      failures += 1;
      failed = (error as NodeJS.ErrnoException).code ?? 'error';
    }
  }
  const reader = await open(target, 'r');
  await writeFile(next, 'read');
  const whileRead = await rename(next, target).then(
    () => 'done',
    (error: NodeJS.ErrnoException) => error.code ?? 'error',
  );
  await reader.close();
  return [failures === 0, `replaced 50 times: ${failures} failures ${failed}; while it is read: ${whileRead}`];
}

async function descriptorOf(asking: Asking, path: string): Promise<string> {
  const native = nativeOf(asking);
  const { advapi32, kernel32 } = native;
  const room = handleRoom();
  const status = await asking.call('GetNamedSecurityInfoW', () =>
    advapi32.GetNamedSecurityInfoW(path, 1, 5, null, null, null, null, room),
  );
  if (status !== 0) return '';
  const [descriptor, text] = [room.readBigUInt64LE(), handleRoom()];
  try {
    if (advapi32.ConvertSecurityDescriptorToStringSecurityDescriptorW(descriptor, 1, 5, text, null) === 0) return '';
    const address = text.readBigUInt64LE();
    const sddl = native.copyText(address);
    kernel32.LocalFree(address);
    return sddl;
  } finally {
    kernel32.LocalFree(descriptor);
  }
}
