import assert from 'node:assert/strict';
import { test } from 'node:test';
import { casOptions, runCas } from '../../../lab/interop/cas.ts';
import { AUTHORITIES } from '../../../lab/interop/cas/authorities.ts';
import { QUIRKS } from '../../../lab/quirks/catalogue.ts';

/** What a run came to, and what it said. */
async function run(...args: readonly string[]) {
  const options = casOptions(args);
  assert.ok(options !== null, `wrong usage: ${args.join(' ')}`);
  const lines: string[] = [];
  const line = await runCas(options, (text) => lines.push(text));
  return { line, text: lines.join('\n') };
}

test('the CAs and the quirks are as many as promised, and each has a name and a source of its own', () => {
  assert.equal(AUTHORITIES.length, 9);
  assert.ok(QUIRKS.length >= 15);
  assert.equal(new Set([...AUTHORITIES, ...QUIRKS].map(({ name }) => name)).size, AUTHORITIES.length + QUIRKS.length);
  for (const { source } of QUIRKS)
    assert.match(source, /#\d+|RFC \d+|, (module|handler|pull request)|pull request \d+/);
});

test('npm run interop -- cas --short: two CAs and every sixth quirk', async () => {
  const { line, text } = await run('--short');
  assert.deepEqual(
    { ...line, renewed: null },
    { cas: 2, quirks: Math.ceil(QUIRKS.length / 6), renewed: null, failed: 0, unusedCertificates: 0, ok: true },
    text,
  );
  // At each CA twice all, four single ones and one for each lost response; at each quirk twice all.
  assert.ok(line.renewed >= 2 * (2 * 5 + 4 + 7) + line.quirks * 6, text);
});

const ONE = ['--only', 'Pebble with external accounts', '--certificates', '5'];
const SABOTAGES: Readonly<Record<string, { readonly args: readonly string[]; readonly says: RegExp }>> = {
  'record-sticks': { args: ONE, says: /the first certificates: 1 of 5 not renewed/ },
  'renewed-twice': { args: ONE, says: /1 certificates were issued and never served/ },
  'foreign-certificate': { args: ONE, says: /all again: 1 of 5 not renewed/ },
  'secret-kept': { args: ONE, says: /the secret eab was printed, logged or stored as it is/ },
  'quirk-idle': { args: ['--only', 'text stands between'], says: /the quirk was never played/ },
};

for (const [name, { args, says }] of Object.entries(SABOTAGES)) {
  test(`--sabotage ${name} makes ok false`, async () => {
    const { line, text } = await run(...args, '--sabotage', name);
    assert.equal(line.ok, false, text);
    assert.match(text, says);
  });
}

test('wrong usage is refused', () => {
  for (const args of [
    ['--certificates', '4'],
    ['--certificates', 'x'],
    ['--sabotage', 'nothing'],
    ['--other'],
    ['more'],
  ]) {
    assert.equal(casOptions(args), null, args.join(' '));
  }
});
