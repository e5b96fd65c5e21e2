import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DEMO_CA, runDemo } from '../../../lab/demo/run.ts';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { brokenConfigurations, oddConfigurations } from './odd-configurations.ts';
import { lastLine, recorder, wideLines } from './support.ts';

let pebble: Pebble;
let folder: string;
before(async () => {
  pebble = await startPebble(DEMO_CA);
  folder = await mkdtemp(join(tmpdir(), 'everbind-odd-'));
});
after(async () => {
  await pebble.stop();
  await rm(folder, { recursive: true, force: true });
});

async function demo(octets: Uint8Array): Promise<{ readonly status: number; readonly text: string }> {
  const file = join(folder, 'applicationHost.config');
  await writeFile(file, octets);
  const { io, out } = recorder();
  const status = await runDemo(io, { exit: true, iis: file, signal: AbortSignal.timeout(600_000), pebble });
  return { status, text: out() };
}

for (const { name, octets, handled, notHandled } of oddConfigurations) {
  test(`the demo on an odd configuration: ${name}`, async () => {
    const { status, text } = await demo(octets);
    const summary = lastLine(text);
    assert.deepEqual(
      {
        status,
        ok: summary['ok'],
        audit: summary['audit'],
        handled: Number(summary['bindingsVerified']) + Number(summary['bindingsOfStoppedSites']),
        notHandled: summary['notHandled'],
        bindings: summary['bindings'],
      },
      { status: 0, ok: true, audit: 'ok', handled, notHandled, bindings: handled + notHandled },
      text,
    );
    // oxlint-disable-next-line no-control-regex
    assert.doesNotMatch(
      text,
      /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/,
      'nothing commands the terminal',
    );
    assert.deepEqual(wideLines(text), []);
  });
}

for (const { name, octets } of brokenConfigurations) {
  test(`the demo on a broken file: ${name}`, async () => {
    await assert.rejects(demo(octets), (error) => {
      assert.ok(error instanceof EverbindError, String(error));
      assert.equal(error.code, 'IIS_CONFIG_INVALID');
      assert.match(error.message, /line \d+, column \d+/);
      return true;
    });
  });
}
