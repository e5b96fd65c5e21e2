import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Native } from '../../src/windows/ffi/native.ts';
import { withObject } from '../../src/windows/files/site-object.ts';
import { WindowsError } from '../../src/errors/error.ts';

// A folder that becomes a junction between our look at it and the opening of the file. Only Windows has those, so its
// calls are played here.

const ROOT = 'C:\\site';
const PATH = `${ROOT}\\.well-known\\acme-challenge\\web.config`;
const DEVICE = '\\Device\\HarddiskVolume3';

/** Calls of Windows on which every name is an ordinary one, and what is opened at `PATH` is in truth at `opened`. */
function windows(opened: string, type = 1): { readonly native: Native; readonly calls: string[] } {
  const calls: string[] = [];
  const paths = new Map<bigint, string>();
  const kernel32 = {
    GetFileAttributesW: () => 0x20,
    CreateFileW: (path: string, _access: number, _share: number, _security: null, _how: number, flags: number) => {
      const isRoot = path === `\\\\?\\${ROOT}`;
      assert.equal((flags & 0x0020_0000) !== 0, !isRoot, 'a link at the end is opened itself, below the root');
      assert.equal(flags & 0x0010_0000, 0x0010_0000, 'no pipe may act in our name');
      const handle = BigInt(paths.size + 1);
      paths.set(handle, isRoot ? `${DEVICE}\\release-7` : opened);
      return handle;
    },
    GetFileType: () => type,
    GetFinalPathNameByHandleW: (handle: bigint, room: Buffer) => room.write(paths.get(handle) ?? '', 'utf16le') / 2,
    SetFileInformationByHandle: (handle: bigint) => {
      calls.push(`remove ${paths.get(handle)}`);
      return 1;
    },
    CloseHandle: (handle: bigint) => {
      calls.push(`close ${paths.get(handle)}`);
      return 1;
    },
  };
  return { native: { kernel32 } as unknown as Native, calls };
}

const refused = (error: unknown): boolean => error instanceof WindowsError && error.status === 5;

for (const purpose of ['read', 'write', 'remove', 'create'] as const) {
  test(`what turns out to be elsewhere is closed again: ${purpose}`, () => {
    const elsewhere = `${DEVICE}\\other\\web.config`;
    const { native, calls } = windows(elsewhere);
    assert.throws(() => withObject(native, { path: PATH, root: ROOT }, purpose, () => assert.fail()), refused);
    const removed = purpose === 'create' ? [`remove ${elsewhere}`] : [];
    assert.deepEqual(calls, [`close ${DEVICE}\\release-7`, ...removed, `close ${elsewhere}`]);
  });
}

test('what is where its root is in truth is worked on, whatever the case of its names', () => {
  const { native, calls } = windows(`${DEVICE}\\Release-7\\.well-known\\ACME-challenge\\web.config`);
  assert.equal(
    withObject(native, { path: PATH, root: ROOT }, 'read', () => 'read'),
    'read',
  );
  assert.equal(calls.length, 2);
});

test('a pipe or a device is no file', () => {
  const { native } = windows(`${DEVICE}\\release-7\\.well-known\\acme-challenge\\web.config`, 3);
  assert.throws(() => withObject(native, { path: PATH, root: ROOT }, 'read', () => assert.fail()), refused);
});

test('nothing outside the root is opened', () => {
  for (const path of ['C:\\site2\\x', 'C:\\site\\..\\x', 'D:\\site\\x', 'C:\\']) {
    const { native, calls } = windows('');
    assert.throws(() => withObject(native, { path, root: ROOT }, 'read', () => assert.fail()), refused);
    assert.deepEqual(calls, []);
  }
});
