import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { DEMO_CA, runDemo } from '../../../lab/demo/run.ts';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { EverbindError } from '../../../src/errors/error.ts';
import { lastLine, recorder } from './support.ts';
import { OF_NO_SERVER } from '../sim-windows/support.ts';

// The whole job on every real configuration that is at hand.

const folder = join(process.env['EVERBIND_CORPUS'] ?? '../shared/data', 'apphost');
const present = existsSync(folder);

test('the corpus is there where all has to be tested', () => {
  assert.ok(present || process.env['CI'] === undefined, `${folder} is missing`);
});

const contacted = new Set<string>();
const connect = Socket.prototype.connect;
let pebble: Pebble | null = null;
before(async () => {
  Socket.prototype.connect = function watched(this: Socket, ...options: unknown[]): Socket {
    this.on('connectionAttempt', (address: string) => contacted.add(address));
    return Reflect.apply(connect, this, options) as Socket;
  };
  if (present) pebble = await startPebble(DEMO_CA);
});
after(async () => {
  Socket.prototype.connect = connect;
  await pebble?.stop();
});

// Sources disagree on which record http.sys prefers: it is one for each second configuration.
const files = present ? readdirSync(folder).filter((name) => name.endsWith('.config')) : [];
for (const [index, file] of files.toSorted().entries()) {
  const choiceOrder = index % 2 === 0 ? 'host-first' : 'address-first';
  test(`the demo on ${file}, ${choiceOrder}`, async () => {
    const { io, out } = recorder();
    const wanted = httpsBindings(file);
    const signal = AbortSignal.timeout(600_000);
    assert.ok(pebble !== null);
    if (wanted === null) {
      const run = runDemo(io, { exit: true, iis: join(folder, file), signal, pebble });
      await assert.rejects(run, (error) => error instanceof EverbindError && error.code === 'IIS_CONFIG_INVALID');
      return;
    }
    const status = await runDemo(io, { exit: true, iis: join(folder, file), signal, pebble, choiceOrder });
    const summary = lastLine(out());
    assert.equal(status, 0, out());
    assert.equal(summary['ok'], true);
    assert.equal(summary['audit'], 'ok');
    assert.equal(summary['bindings'], wanted);
    const { bindingsVerified, bindingsOfStoppedSites, notHandled } = summary;
    assert.equal(Number(bindingsVerified) + Number(bindingsOfStoppedSites) + Number(notHandled), wanted);
    if (wanted === 0) assert.match(out(), /none with an https or FTP binding/);
  });
}

if (present) {
  test('nothing but loopback was contacted', () => {
    assert.ok(contacted.has('127.0.0.1'));
    // A path is the socket of the simulated server.
    const elsewhere = [...contacted].filter((address) => !/^(127\.\d+\.\d+\.\d+|::1|\/.+)$/.test(address));
    assert.deepEqual(elsewhere, []);
  });
}

/** How many https bindings the truth about the file knows; null for a file that has to be refused. */
function httpsBindings(file: string): number | null {
  if (OF_NO_SERVER.has(file.slice(0, 3))) return null;
  const truth = join(folder, 'truth', file.replace(/\.config$/, '.json'));
  if (!existsSync(truth)) return null;
  const { sites = [] } = JSON.parse(readFileSync(truth, 'utf8')) as {
    sites?: readonly { readonly bindings: readonly { readonly protocol: string }[] }[];
  };
  return sites.flatMap(({ bindings }) => bindings).filter(({ protocol }) => protocol.toLowerCase() === 'https').length;
}
