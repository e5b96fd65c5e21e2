import assert from 'node:assert/strict';
import { appendFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { after, before, it } from 'node:test';
import { freePorts } from '../../lab/loopback.ts';
import { type CliWorld, startCliWorld } from './world.ts';

let world: CliWorld;
before(async () => {
  world = await startCliWorld();
  await appendFile(world.configFile, 'certificates:\n');
});
after(() => world.stop());

/** A certificate that is validated by our own listener on this port, or else by the record, which exists. */
async function declare(name: string, port: number): Promise<void> {
  const domain = `${name}.cli.test`;
  const listener = `{ type: http-01, mode: listener, port: ${port} }`;
  await appendFile(
    world.configFile,
    `  - name: ${name}
    names: [${domain}]
    challenge: { type: auto, of: [${listener}, { type: dns-persist-01 }] }
    deployments: []
`,
  );
  const { value } = await world.json('dns', 'persist', name);
  const [record] = value['records'] as unknown as readonly { readonly value: string }[];
  const host = `_validation-persist.${domain}.`;
  await world.pebble.challenge('set-txt', { host, value: record?.value });
}

interface Chosen {
  readonly challenge: string;
  readonly reason: string;
}

/** What the audit log says of choices, and how many orders there were. */
async function logged(name: string): Promise<{ readonly chosen: readonly Chosen[]; readonly orders: number }> {
  const { out } = await world.run(['audit', 'log', '--json', '--subject', name, '--limit', '1000']);
  const { events } = JSON.parse(out) as { events: readonly { type: string; data: Chosen }[] };
  return {
    chosen: events
      .filter(({ type }) => type === 'challenge.chosen')
      .map(({ data: { challenge, reason } }) => ({ challenge, reason })),
    orders: events.filter(({ type }) => type === 'order.created').length,
  };
}

it('what cannot be made visible makes room for the next challenge of the same order', async () => {
  const [port = 0] = await freePorts(1);
  const other = createServer();
  await new Promise<void>((resolve) => other.listen(port, () => resolve()));
  try {
    await declare('taken', port);
    assert.equal((await world.run(['renew', 'taken'])).status, 0);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
  assert.deepEqual(await logged('taken'), {
    chosen: [
      { challenge: 'http-01', reason: 'first' },
      { challenge: 'dns-persist-01', reason: 'not-visible' },
    ],
    orders: 1,
  });
});

it('what fails at the CA is not tried again while there is another way, and that is remembered', async () => {
  // Everbind sees its own listener; the CA looks at another port.
  const [port = 0] = await freePorts(1);
  await declare('closed', port);
  assert.equal((await world.run(['renew', 'closed'])).status, 1);
  const plan = await world.run(['renew', 'closed', '--dry-run', '--force']);
  assert.match(plan.out.replace(/\s+/g, ' '), /closed\.cli\.test by dns-persist-01 \[failed-before\]/);
  assert.equal((await world.run(['renew', 'closed', '--force'])).status, 0);
  assert.deepEqual((await logged('closed')).chosen, [
    { challenge: 'http-01', reason: 'first' },
    { challenge: 'dns-persist-01', reason: 'failed-before' },
  ]);
  // The one that works is taken from then on.
  const next = await world.run(['renew', 'closed', '--dry-run', '--force']);
  assert.match(next.out.replace(/\s+/g, ' '), /closed\.cli\.test by dns-persist-01 \[failed-before\]/);
});
