import { equal, match, doesNotMatch } from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { type Run, runIn } from './world.ts';

const host = { openHost: () => Promise.reject(new Error('no server is needed')) };
const GOOD = Buffer.alloc(32, 7).toString('base64url');

async function world(
  t: TestContext,
): Promise<((args: readonly string[], input?: string) => Promise<Run>) & { readonly file: string }> {
  const stateDir = await mkdtemp(join(tmpdir(), 'everbind-eab-'));
  t.after(() => rm(stateDir, { recursive: true, force: true }));
  await writeFile(
    join(stateDir, 'everbind.yaml'),
    `version: 1
issuers:
  - name: ca
    directory: https://ca.example/directory
    externalAccountBinding: { keyId: kid-1, hmacKey: "secret:hmac", algorithm: HS384 }
`,
  );
  const run = (args: readonly string[], input = ''): Promise<Run> => runIn({ ...host, stateDir }, args, { input });
  return Object.assign(run, { file: join(stateDir, 'everbind.yaml') });
}

test('what is no HMAC key is refused where it is set, and the value is not repeated', async (t) => {
  const run = await world(t);
  for (const value of ['!!!not-base64!!!', 'c2hvcnQ', '=', `${GOOD}ä`, 'kid 1 of the dashboard']) {
    const { status, err } = await run(['secret', 'set', 'hmac'], `${value}\n`);
    equal(status, 2, value);
    match(err, /SECRET_INVALID/);
    doesNotMatch(err, /not-base64|c2hvcnQ|dashboard/);
  }
  const padded = `${Buffer.alloc(32, 0xff).toString('base64')}\r\n`;
  for (const value of [GOOD, ` ${GOOD} `, padded]) equal((await run(['secret', 'set', 'hmac'], value)).status, 0);
  equal((await run(['secret', 'set', 'other'], 'c2hvcnQ')).status, 0, 'nothing is known of what that is for');
});

test('config check refuses one that was stored before the issuer referred to it', async (t) => {
  const run = await world(t);
  equal((await run(['config', 'check'])).status, 0, 'nothing is stored');
  equal((await run(['secret', 'set', 'early'], 'c2hvcnQ')).status, 0);
  equal((await run(['config', 'check'])).status, 0, 'not what the issuer refers to');
  await writeFile(run.file, (await readFile(run.file, 'utf8')).replace('secret:hmac', 'secret:early'));
  const { status, err } = await run(['config', 'check']);
  equal(status, 2);
  match(err, /secret:early is no HMAC key.*SECRET_INVALID|SECRET_INVALID/s);
});
