import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it, type TestContext } from 'node:test';
import { EverbindError } from '../../src/errors/error.ts';
import { STORE_ERRORS } from '../../src/errors/store.ts';
import { layouts } from '../../src/windows/ffi/layouts.ts';
import type { Native } from '../../src/windows/ffi/native.ts';
import { Structure } from '../../src/windows/ffi/structure.ts';
import { ensurePrivateFolder } from '../../src/windows/files/private-folder.ts';
import { securityDescriptor } from '../../src/windows/files/security-descriptor.ts';
import { fakeFolders } from './fake-folders.ts';

const SYSTEM = { sid: 'S-1-5-18', administrator: true };
const ADMINISTRATOR = { sid: 'S-1-5-21-1-2-3-1001', administrator: true };
const USER = { sid: 'S-1-5-21-1-2-3-1002', administrator: false };
const ACCESS = 'D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)';

async function place(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-folder-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'state');
}

/** Makes a folder with this descriptor as any program would. */
function make(native: Native, path: string, sddl: string): void {
  const attributes = new Structure(native.ffi, layouts.SECURITY_ATTRIBUTES).point(
    'lpSecurityDescriptor',
    securityDescriptor(native, sddl),
  );
  assert.equal(native.kernel32.CreateDirectoryW(path, attributes.octets), 1);
}

it('a folder that an administrator makes is private to a later run as SYSTEM, whoever new objects belong to', async (t) => {
  const folders = fakeFolders();
  const path = await place(t);
  await ensurePrivateFolder(path, folders.as(ADMINISTRATOR));
  assert.equal(folders.descriptorOf(path), `O:BA${ACCESS}`);
  await ensurePrivateFolder(path, folders.as(SYSTEM));
  await ensurePrivateFolder(path, folders.as(ADMINISTRATOR));
  // What names no owner belongs to the account.
  const older = `${path}-older`;
  make(folders.as(ADMINISTRATOR), older, ACCESS);
  assert.equal(folders.descriptorOf(older), `O:${ADMINISTRATOR.sid}${ACCESS}`);
});

it('a folder that belongs to one account is refused as SYSTEM, and the error says how to give it to Administrators', async (t) => {
  const folders = fakeFolders();
  const path = await place(t);
  make(folders.as(ADMINISTRATOR), path, `O:${ADMINISTRATOR.sid}${ACCESS}`);
  await ensurePrivateFolder(path, folders.as(ADMINISTRATOR));
  await assert.rejects(ensurePrivateFolder(path, folders.as(SYSTEM)), (error: unknown) => {
    assert.ok(error instanceof EverbindError);
    assert.equal(error.code, 'STORE_EXPOSED');
    assert.match(String(error.details['problem']), /belongs to S-1-5-21-1-2-3-1001/);
    assert.match(STORE_ERRORS.STORE_EXPOSED.action, /icacls FOLDER \/setowner \*S-1-5-32-544 \/T/);
    return true;
  });
});

it('without the rights of an administrator a folder belongs to the account, which keeps its access', async (t) => {
  const folders = fakeFolders();
  const path = await place(t);
  await ensurePrivateFolder(path, folders.as(USER));
  assert.equal(folders.descriptorOf(path), `O:${USER.sid}${ACCESS}(A;OICI;FA;;;${USER.sid})`);
  await ensurePrivateFolder(path, folders.as(USER));
  await assert.rejects(ensurePrivateFolder(path, folders.as(SYSTEM)), { code: 'STORE_EXPOSED' });
});

it('a file in a private folder that others can change is refused, and what an administrator made is not', async (t) => {
  const folders = fakeFolders();
  const path = await place(t);
  await ensurePrivateFolder(path, folders.as(SYSTEM));
  for (const name of ['everbind.yaml', 'everbind.db', 'master.key']) {
    const file = join(path, name);
    await writeFile(file, '');
    folders.describe(file, `O:${ADMINISTRATOR.sid}D:AI(A;ID;FA;;;SY)(A;ID;FA;;;BA)`);
    await ensurePrivateFolder(path, folders.as(SYSTEM));
    folders.describe(file, 'O:BAD:AI(A;;0x1301bf;;;BU)(A;ID;FA;;;SY)(A;ID;FA;;;BA)');
    await assert.rejects(ensurePrivateFolder(path, folders.as(SYSTEM)), (error: unknown) => {
      assert.ok(error instanceof EverbindError);
      assert.deepEqual([error.code, error.details['path']], ['STORE_EXPOSED', file]);
      return true;
    });
    await rm(file);
  }
  await symlink('elsewhere.yaml', join(path, 'everbind.yaml'));
  await assert.rejects(ensurePrivateFolder(path, folders.as(SYSTEM)), { code: 'STORE_EXPOSED' });
});
