import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { masterKeyFile } from '../../../src/custody/sealing/master-key-file.ts';
import { errorCode, EverbindError } from '../../../src/errors/error.ts';

const root = mkdtempSync(join(tmpdir(), 'everbind-master-'));
after(() => rmSync(root, { recursive: true }));
let count = 0;

function freshFolder(): string {
  count += 1;
  const folder = join(root, String(count));
  mkdirSync(folder, { mode: 0o700 });
  return folder;
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'none',
    (error: unknown) => errorCode(error),
  );
}

describe('the master key in a file', () => {
  it('is absent at first, then 32 octets for its owner alone', async () => {
    const folder = freshFolder();
    const file = join(folder, 'master.key');
    const protector = masterKeyFile(file);
    assert.equal(await protector.unseal(), null);
    assert.ok(!existsSync(file));
    const umask = process.umask(0);
    const made = await protector.create().finally(() => process.umask(umask));
    assert.equal(statSync(file).mode & 0o777, 0o600);
    assert.equal(statSync(file).nlink, 1);
    assert.deepEqual(readdirSync(folder), ['master.key']);
    assert.deepEqual(new Uint8Array(readFileSync(file)), made);
    assert.deepEqual(await protector.unseal(), made);
    assert.ok(made.some((octet) => octet !== 0));
  });

  it('is never overwritten: of many first starts one wins', async () => {
    const file = join(freshFolder(), 'master.key');
    const made = await Promise.all(Array.from({ length: 20 }, () => masterKeyFile(file).create()));
    const kept = new Uint8Array(readFileSync(file));
    for (const key of made) assert.deepEqual(key, kept);
    assert.deepEqual(await masterKeyFile(file).create(), kept);
  });

  it('two files hold two keys', async () => {
    const [a, b] = [freshFolder(), freshFolder()].map((folder) => masterKeyFile(join(folder, 'master.key')));
    assert.notDeepEqual(await a?.create(), await b?.create());
  });

  for (const mode of [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o666, 0o777]) {
    it(`is refused with mode ${mode.toString(8)}`, async () => {
      const file = join(freshFolder(), 'master.key');
      await masterKeyFile(file).create();
      chmodSync(file, mode);
      assert.equal(await codeOf(masterKeyFile(file).unseal()), 'KEY_MASTER_EXPOSED');
    });
  }

  it('is refused as a symbolic link, even to a good file', async () => {
    const folder = freshFolder();
    await masterKeyFile(join(folder, 'real.key')).create();
    symlinkSync(join(folder, 'real.key'), join(folder, 'master.key'));
    assert.equal(await codeOf(masterKeyFile(join(folder, 'master.key')).unseal()), 'KEY_MASTER_EXPOSED');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'dangling.key'));
    assert.equal(await codeOf(masterKeyFile(join(folder, 'dangling.key')).unseal()), 'KEY_MASTER_EXPOSED');
    assert.equal(await codeOf(masterKeyFile(join(folder, 'dangling.key')).create()), 'KEY_MASTER_EXPOSED');
    assert.ok(!existsSync(join(folder, 'nowhere')));
  });

  it('is refused in a folder that anybody can write to', async () => {
    const folder = freshFolder();
    const file = join(folder, 'master.key');
    await masterKeyFile(file).create();
    chmodSync(folder, 0o777);
    assert.equal(await codeOf(masterKeyFile(file).unseal()), 'KEY_MASTER_EXPOSED');
    chmodSync(folder, 0o1777);
    assert.equal(await codeOf(masterKeyFile(file).unseal()), 'none');
  });

  it('is refused when it belongs to another account', async () => {
    const file = join(freshFolder(), 'master.key');
    await masterKeyFile(file).create();
    chownSync(file, 65_534, 65_534);
    assert.equal(await codeOf(masterKeyFile(file).unseal()), 'KEY_MASTER_EXPOSED');
  });

  for (const length of [0, 31, 33, 1000]) {
    it(`is refused with ${length} octets`, async () => {
      const file = join(freshFolder(), 'master.key');
      writeFileSync(file, Buffer.alloc(length, 7), { mode: 0o600 });
      assert.equal(await codeOf(masterKeyFile(file).unseal()), 'KEY_MASTER_INVALID');
    });
  }

  it('is refused as a folder', async () => {
    const file = join(freshFolder(), 'master.key');
    mkdirSync(file, { mode: 0o700 });
    assert.equal(await codeOf(masterKeyFile(file).unseal()), 'KEY_MASTER_INVALID');
  });

  it('without its folder cannot be made', async () => {
    const file = join(freshFolder(), 'absent', 'master.key');
    await assert.rejects(masterKeyFile(file).create(), (error) => {
      assert.ok(error instanceof EverbindError);
      assert.equal(error.code, 'KEY_STORE_FAILED');
      assert.equal(error.details['reason'], 'ENOENT');
      return true;
    });
  });
});
