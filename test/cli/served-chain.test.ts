import assert from 'node:assert/strict';
import { test } from 'node:test';
import { printOutcome } from '../../src/cli/output/outcome.ts';
import type { EndpointCheck, EndpointFinding } from '../../src/ports/deployment.ts';
import { runIn, startCliWorld } from './world.ts';

test('a chain without intermediates, kept out of the store CA: renewed, and the command says what to do', async () => {
  const world = await startCliWorld();
  try {
    const { host } = world.sim;
    const certificates = { ...host.certificates, add: () => Promise.resolve() };
    const openHost = () => Promise.resolve({ host: { ...host, certificates }, close: () => {} });
    const run = (...args: readonly string[]) =>
      runIn({ stateDir: world.stateDir, dnsServers: [world.pebble.dnsServer], openHost }, args, { columns: 2000 });
    await run('add', 'blog', '--site', 'Blog', '--adopt');
    const text = await run('renew', 'blog');
    assert.equal(text.status, 0, text.err + text.out);
    assert.match(text.out, /^finding {5}.*\(blog\.cli\.test\).*LocalMachine\\CA.*\[chain-incomplete\]$/m);
    const json = await run('renew', 'blog', '--force', '--json');
    assert.deepEqual(findingsIn(JSON.parse(json.out)), ['finding chain-incomplete']);
  } finally {
    await world.stop();
  }
});

function findingsIn(value: unknown): readonly string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { kind, code } = value as Partial<EndpointFinding>;
  if ((kind === 'finding' || kind === 'note') && code !== undefined) return [`${kind} ${code}`];
  return Object.values(value).flatMap(findingsIn);
}

test('a finding is told once with its endpoints, a note in one line for each code', () => {
  const check = (host: string, ...findings: readonly EndpointFinding[]): EndpointCheck => ({
    endpoint: '127.0.0.1:443',
    host,
    outcome: 'verified',
    code: null,
    message: 'as expected',
    servedThumbprint: 'ab',
    findings,
  });
  const note = (message: string): EndpointFinding => ({ kind: 'note', code: 'chain-other-path', message });
  const missing: EndpointFinding = { kind: 'finding', code: 'chain-incomplete', message: 'one is missing\u001b[2J' };
  let text = '';
  printOutcome(
    {
      out: (part) => void (text += part),
      err: () => {},
      interactive: false,
      colour: false,
      columns: 200,
      drained: () => Promise.resolve(),
      readInput: () => Promise.resolve(''),
      ask: () => Promise.resolve(null),
    },
    {
      kind: 'renewed',
      name: 'shop',
      thumbprint: 'ab',
      notAfter: 86_400_000,
      nextDue: 3_600_000,
      inUse: true,
      endpoints: [
        check('a.test', missing, note('another path to A')),
        check('b.test', missing),
        check('c.test', note('another path to B')),
        check('d.test'),
      ],
      changes: 4,
      skipped: [],
    },
    0,
  );
  assert.deepEqual(text.trimEnd().split('\n').slice(1), [
    'finding     127.0.0.1:443 (a.test), 127.0.0.1:443 (b.test): one is missing\\u{1b}[2J [chain-incomplete]',
    '    note: another path to A [chain-other-path]',
  ]);
});
