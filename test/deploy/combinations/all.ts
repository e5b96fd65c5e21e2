import { parseArgs } from 'node:util';
import { mapBounded } from '../../../src/concurrency/map-bounded.ts';
import { faultsOf, serverText, SPOILS } from './judge.ts';
import { everyCombination, pairwise } from './pairwise.ts';
import { FACTORS, renewOn } from './renewal.ts';

const help = `node test/deploy/combinations/all.ts [--pairs] [--json] [--sabotage NAME]

Renews on a simulated server in each of the ${2 ** FACTORS.length} combinations of its peculiarities; npm test has those of --pairs.

  --pairs          only so many that every pair of peculiarities is there in all four ways
  --json           print the last line only
  --sabotage NAME  with a fault of ours, which must be seen: ${Object.keys(SPOILS).join(', ')}

The last line is one JSON object. Exit status: 0 all is well, 1 it is not, 2 wrong usage.
`;

const { values } = parseArgs({
  options: {
    pairs: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    sabotage: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
const sabotage = values.sabotage === undefined ? null : SPOILS[values.sabotage];
if (values.help || sabotage === undefined) {
  process.stdout.write(help);
  process.exit(values.help ? 0 : 2);
}
const servers = values.pairs ? pairwise(FACTORS) : everyCombination(FACTORS);
const counts = { servers: 0, renewed: 0, rolledBack: 0, verified: 0, goodWithoutHandshake: 0, faulty: 0 };
await mapBounded(servers, 4, async (server) => {
  const judged = await renewOn(server, sabotage?.[0]);
  const faults = faultsOf(server, judged);
  counts.servers += 1;
  counts.renewed += judged.attempts === null ? 0 : 1;
  counts.rolledBack += judged.rolledBack;
  counts.verified += judged.checks.filter(({ outcome }) => outcome === 'verified').length;
  counts.goodWithoutHandshake += judged.goodWithoutHandshake.length;
  counts.faulty += faults.length === 0 ? 0 : 1;
  if (faults.length > 0 && !values.json) process.stdout.write(`${serverText(server)}: ${faults.join('; ')}\n`);
});
const ok = counts.faulty === 0 && counts.servers >= 9 && counts.verified > counts.servers;
process.stdout.write(`${JSON.stringify({ ...counts, ok })}\n`);
process.exitCode = ok ? 0 : 1;
