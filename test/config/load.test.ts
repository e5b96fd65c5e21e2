import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { mustRun } from '../../lab/run-command.ts';
import { configFingerprint } from '../../src/config/fingerprint.ts';
import { loadConfig } from '../../src/config/load.ts';
import { readConfigFile } from '../../src/config/read.ts';
import { EverbindError } from '../../src/errors/error.ts';
import { cpuMs } from '../cpu-time.ts';

const GOOD = 'version: 1\nissuers: [{ name: main, directory: "https://ca.example/" }]\n';
const folder = mkdtempSync(join(tmpdir(), 'everbind-config-'));
after(() => rmSync(folder, { recursive: true }));

function write(name: string, text: string | Uint8Array): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

async function codeOf(path: string): Promise<string> {
  try {
    await loadConfig(path);
    return 'none';
  } catch (error) {
    if (error instanceof EverbindError) return error.code;
    throw error;
  }
}

describe('loadConfig', () => {
  it('reads a file and names it by its octets and its place', async () => {
    const file = write('everbind.yaml', GOOD);
    const config = await loadConfig(file);
    assert.equal(config.file, file);
    assert.equal(config.fingerprint, configFingerprint(Buffer.from(GOOD), file));
    assert.equal((await readConfigFile(file)).fingerprint, config.fingerprint);
    assert.deepEqual(JSON.parse(JSON.stringify(config)), config);
  });

  it('another octet or another place is another fingerprint', () => {
    const octets = Buffer.from(GOOD);
    const fingerprints = [
      configFingerprint(octets, '/a/everbind.yaml'),
      configFingerprint(octets, '/b/everbind.yaml'),
      configFingerprint(Buffer.from(`${GOOD}#`), '/a/everbind.yaml'),
    ];
    assert.equal(new Set(fingerprints).size, 3);
  });

  it('no file, or none because of its folder: CONFIG_NOT_FOUND', async () => {
    assert.equal(await codeOf(join(folder, 'absent.yaml')), 'CONFIG_NOT_FOUND');
    assert.equal(await codeOf(join(write('plain', ''), 'everbind.yaml')), 'CONFIG_NOT_FOUND');
    await assert.rejects(loadConfig(join(folder, 'absent.yaml')), (error) => {
      assert.ok(error instanceof EverbindError);
      assert.match(error.action, /everbind add/);
      return true;
    });
  });

  it('a folder, a pipe, a huge file: CONFIG_UNREADABLE, at once', async () => {
    assert.equal(await codeOf(folder), 'CONFIG_UNREADABLE');
    const pipe = join(folder, 'pipe');
    await mustRun('mkfifo', [pipe]);
    assert.equal(await codeOf(pipe), 'CONFIG_UNREADABLE');
    const huge = write('huge.yaml', GOOD);
    truncateSync(huge, 33 * 1024 * 1024);
    assert.equal(await codeOf(huge), 'CONFIG_UNREADABLE');
  });

  it('a wrong file: CONFIG_INVALID', async () => {
    assert.equal(await codeOf(write('wrong.yaml', `${GOOD}x: 1\n`)), 'CONFIG_INVALID');
  });

  it('roots are read from the folder of the file and must be certificates', async () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n';
    write('root.pem', `# company root\n${pem}`);
    write('key.pem', '-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----\n');
    const text = (root: string) => GOOD.replace(' }]', `, certificateRoots: [${root}] }]`);
    const config = await loadConfig(write('roots.yaml', text('root.pem')));
    assert.deepEqual(config.issuers[0]?.certificateRoots, [join(folder, 'root.pem')]);
    assert.equal(await codeOf(write('roots.yaml', text('key.pem'))), 'CONFIG_INVALID');
    assert.equal(await codeOf(write('roots.yaml', text('plain'))), 'CONFIG_INVALID');
  });

  it('10,000 certificates fit and take seconds', async () => {
    const certificates = Array.from(
      { length: 10_000 },
      (_, index) => `  - name: c${index}\n    names: [c${index}.example.com, www.c${index}.example.com]\n`,
    );
    const file = write('many.yaml', `${GOOD}certificates:\n${certificates.join('')}`);
    const took = await cpuMs(async () => assert.equal((await loadConfig(file)).certificates.length, 10_000));
    assert.ok(took < 30_000, `${took} ms`);
  });

  it('the parser and the schema are loaded only when a file is parsed', () => {
    const script = `
      import { registerHooks } from 'node:module';
      const seen = [];
      registerHooks({ resolve(name, context, next) { seen.push(name); return next(name, context); } });
      const { readConfigFile } = await import(process.argv[1]);
      await readConfigFile(process.argv[2]);
      await import(process.argv[3]);
      console.log(JSON.stringify(seen.filter((name) => name === 'yaml' || name === 'zod')));
    `;
    const file = (name: string) => new URL(`../../src/config/${name}`, import.meta.url).href;
    const output = execFileSync(
      process.execPath,
      ['--input-type=module', '--eval', script, file('read.ts'), write('lazy.yaml', GOOD), file('load.ts')],
      { encoding: 'utf8' },
    );
    assert.equal(output.trim(), '[]');
  });
});
