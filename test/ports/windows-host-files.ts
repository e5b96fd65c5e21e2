import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type ContractContext, type ContractHost, statusOf } from './windows-host-support.ts';

export function filesContract(name: string, { open }: ContractContext): void {
  describe(`${name}: files`, () => {
    let opened: ContractHost;
    before(async () => {
      opened = await open();
      await opened.host.files.write(`${opened.folder}\\root.txt`, Buffer.from('x'));
    });
    after(async () => {
      await opened.host.files.removeFile(`${opened.folder}\\root.txt`);
      await opened.host.files.removeEmptyFolder(opened.folder);
      await opened.close();
    });

    it('names the folders that a write had to make, so that they can be removed again', async () => {
      const { files } = opened.host;
      const path = `${opened.folder}\\.well-known\\acme-challenge\\token`;
      const made = await files.write(path, Buffer.from('first'));
      assert.equal(made.length, 2);
      assert.deepEqual(await files.write(path, Buffer.from('second')), []);
      assert.equal(Buffer.from((await files.read(path, 100)) ?? []).toString(), 'second');
      const [outer = '', inner = ''] = made;
      assert.equal(await files.removeEmptyFolder(inner), false);
      await files.removeFile(path);
      await files.removeFile(path);
      assert.equal(await files.read(path, 100), null);
      assert.equal(await files.removeEmptyFolder(outer), false);
      assert.equal(await files.removeEmptyFolder(inner), true);
      assert.equal(await files.removeEmptyFolder(outer), true);
      assert.equal(await files.removeEmptyFolder(outer), false);
    });

    it('works below a root that is given, and nowhere else', async () => {
      const { files } = opened.host;
      const root = `${opened.folder}\\`;
      const path = `${opened.folder}\\Below\\file`;
      assert.equal((await files.write(path, Buffer.from('below'), root)).length, 1);
      assert.equal(Buffer.from((await files.read(path, 10, root.toUpperCase())) ?? []).toString(), 'below');
      assert.equal(await files.read(`${path}2`, 10, root), null);
      assert.equal(await statusOf(files.write(`${opened.folder}\\outside`, Buffer.from('x'), `${root}Below`)), 5);
      assert.equal(await statusOf(files.removeFile(`${opened.folder}\\root.txt`, `${root}Below`)), 5);
      assert.equal(await files.removeEmptyFolder(`${opened.folder}\\Below`, root), false);
      await files.removeFile(path, root);
      assert.equal(await files.removeEmptyFolder(`${opened.folder}\\Below`, root), true);
    });

    it('takes paths without regard to case and with variables', async () => {
      const { files } = opened.host;
      const upper = opened.folder.toUpperCase();
      assert.equal(Buffer.from((await files.read(`${upper}\\ROOT.TXT`, 10)) ?? []).toString(), 'x');
      const { machineName } = await opened.host.describe();
      const path = `%SystemDrive%\\everbind-contract-${machineName}.txt`;
      await files.write(path, Buffer.from('variable'));
      assert.equal(
        Buffer.from((await files.read(`C:\\everbind-contract-${machineName}.txt`, 10)) ?? []).toString(),
        'variable',
      );
      await files.removeFile(path);
    });

    it('keeps octets as they are', async () => {
      const { files } = opened.host;
      const octets = Uint8Array.from({ length: 256 }, (_, index) => index);
      await files.write(`${opened.folder}\\octets`, octets);
      assert.deepEqual(new Uint8Array((await files.read(`${opened.folder}\\octets`, 256)) ?? []), octets);
      await files.removeFile(`${opened.folder}\\octets`);
    });

    it('does not read past the bound, does not take a folder for a file', async () => {
      const { files } = opened.host;
      await files.write(`${opened.folder}\\long`, Buffer.alloc(101));
      assert.notEqual(await statusOf(files.read(`${opened.folder}\\long`, 100)), 0);
      await files.removeFile(`${opened.folder}\\long`);
      assert.notEqual(await statusOf(files.write(opened.folder, Buffer.from('x'))), 0);
      assert.notEqual(await statusOf(files.read(opened.folder, 0)), 0);
      assert.notEqual(await statusOf(files.write(`${opened.folder}\\root.txt\\below`, Buffer.from('x'))), 0);
      assert.equal(await files.read(`${opened.folder}\\nowhere\\file`, 10), null);
    });
  });
}
