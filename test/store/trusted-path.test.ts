import assert from 'node:assert/strict';
import { chmodSync, chownSync, lchownSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, it } from 'node:test';
import type { EverbindError } from '../../src/errors/error.ts';
import { requireTrustedPath } from '../../src/store/trusted-path.ts';

const skip = process.platform === 'win32';
/** Only root can give a file away. */
const notRoot = skip || process.geteuid?.() !== 0;
const STRANGER = 4242;

let root: string;
let folder: string;
let file: string;

beforeEach(() => {
  // Below /tmp, which everybody can write to and which is sticky.
  root = mkdtempSync(join(tmpdir(), 'everbind-trusted-'));
  chmodSync(root, 0o755);
  folder = join(root, 'state');
  mkdirSync(folder, { mode: 0o755 });
  chmodSync(folder, 0o755);
  file = join(folder, 'everbind.yaml');
  writeFileSync(file, '');
  chmodSync(file, 0o644);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function refused(path: string, at: string, command: RegExp): void {
  assert.throws(
    () => requireTrustedPath(path),
    (error: EverbindError) => {
      assert.equal(error.code, 'STORE_EXPOSED');
      assert.equal(error.details['path'], at);
      assert.match(String(error.details['command']), command);
      assert.ok(error.message.includes(String(error.details['command'])), error.message);
      return true;
    },
  );
}

describe('a path is obeyed', { skip }, () => {
  it('when only root and this account can change it, also below /tmp', () => {
    requireTrustedPath(file);
    requireTrustedPath(folder);
    requireTrustedPath(join(folder, 'not', 'there', 'yet'));
  });

  it('when a link of our own leads to such a place', () => {
    const link = join(root, 'link.yaml');
    symlinkSync('state/../state/everbind.yaml', link);
    requireTrustedPath(link);
    symlinkSync(folder, join(root, 'state-link'));
    requireTrustedPath(join(root, 'state-link', 'everbind.yaml'));
  });

  it('when nobody else can enter its folder, whatever the mode of the file', () => {
    chmodSync(file, 0o666);
    chmodSync(folder, 0o700);
    requireTrustedPath(file);
  });
});

describe('a path is refused, with the place and the command that mends it', { skip }, () => {
  for (const mode of [0o777, 0o757, 0o775, 0o773]) {
    it(`when others can write to its folder (${mode.toString(8)})`, () => {
      chmodSync(folder, mode);
      refused(file, folder, /^chmod go-w /);
      refused(folder, folder, /^chmod go-w /);
      refused(join(folder, 'not-there'), folder, /^chmod go-w /);
    });

    it(`when others can write to a folder further up (${mode.toString(8)})`, () => {
      chmodSync(root, mode);
      refused(file, root, /^chmod go-w /);
    });
  }

  it('when the state folder itself is like /tmp: others could make a file there before us', () => {
    chmodSync(folder, 0o1777);
    refused(folder, folder, /^chmod go-w /);
  });

  for (const mode of [0o666, 0o646, 0o664]) {
    it(`when others can write to the file (${mode.toString(8)})`, () => {
      chmodSync(file, mode);
      refused(file, file, /^chmod go-w /);
    });
  }

  it('when a link of our own leads into a folder that others can write to', () => {
    const open = join(root, 'open');
    mkdirSync(open);
    chmodSync(open, 0o777);
    writeFileSync(join(open, 'everbind.yaml'), '');
    rmSync(file);
    symlinkSync(join(open, 'everbind.yaml'), file);
    refused(file, open, /^chmod go-w /);
  });

  it('not when links go round in a circle: whoever opens it meets that', () => {
    rmSync(file);
    symlinkSync('everbind.yaml', file);
    requireTrustedPath(file);
  });

  it('with a command that a shell takes as it stands', () => {
    const odd = join(root, `it's a "folder"; rm`);
    mkdirSync(odd);
    chmodSync(odd, 0o777);
    refused(odd, odd, /^chmod go-w '[^']*it'\\''s a "folder"; rm'$/);
  });

  describe('when it belongs to somebody else', { skip: notRoot }, () => {
    it('as a file, also in a folder that nobody else can enter', () => {
      chmodSync(folder, 0o700);
      chownSync(file, STRANGER, STRANGER);
      refused(file, file, /^chown -h 0 /);
    });

    it('as a folder', () => {
      chownSync(folder, STRANGER, STRANGER);
      refused(file, folder, /^chown -h 0 /);
    });

    it('as a folder further up', () => {
      chownSync(root, STRANGER, STRANGER);
      refused(file, root, /^chown -h 0 /);
    });

    it('as a link', () => {
      const link = join(root, 'link');
      symlinkSync(file, link);
      lchownSync(link, STRANGER, STRANGER);
      refused(link, link, /^chown -h 0 /);
    });
  });
});
