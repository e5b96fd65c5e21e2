import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { CAS, LIFETIMES } from './cas.ts';
import { plotSimulation } from './plot.ts';
import { simulate } from './simulate.ts';

// npm run simulate: two years of ten thousand certificates. Its last line is one JSON object; exit status 0 only when
// every promise was kept.

const { values } = parseArgs({
  options: {
    certificates: { type: 'string', default: '10000' },
    days: { type: 'string', default: '730' },
    seed: { type: 'string', default: '1' },
    plot: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run simulate -- [--certificates 10000] [--days 730] [--seed 1] [--plot FILE.svg]

The real engine over simulated time and simulated CAs: outages, limits, incidents, changes of the configuration. See docs/simulation.md.`);
} else {
  const certificates = wholeNumber('certificates', values.certificates, 10, 100_000);
  const days = wholeNumber('days', values.days, 10, 3650);
  await run(certificates, days, values.seed, values.plot ?? null);
}

async function run(certificates: number, days: number, seed: string, plot: string | null): Promise<void> {
  const started = performance.now();
  let told = started;
  describeFleet();
  const result = await simulate({
    certificates,
    days,
    seed,
    onProgress: ({ day, issued, polled }) => {
      if (performance.now() - told < 5000) return;
      told = performance.now();
      console.error(`day ${day} of ${days}: ${issued} certificates, ${polled} windows asked for`);
    },
  });
  const { watch, limitBreaches, outages, events, peak, cycles, databaseMiB } = result;
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage();
  console.log(
    `${watch.issuedCount} certificates issued, ${watch.polledCount} windows asked for, ${cycles} cycles; ${outages.length} outages, ${events.length} incidents and changes`,
  );
  console.log(`the busiest quiet hour of a CA has ${peak.toFixed(1)} times its mean, chance taken off`);
  console.log(
    `${seconds.toFixed(0)} s, ${((user + system) / 1e6).toFixed(0)} s of CPU, ${databaseMiB.toFixed(0)} MiB of database, ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB of memory; seed ${seed}`,
  );
  for (const [rule, count] of watch.broken.counts) console.log(`broken ${count} times: ${rule}`);
  for (const { rule, at, what } of watch.broken.examples) {
    console.log(`  ${rule} ${new Date(at).toISOString()} ${what}`);
  }
  for (const [name, ca] of result.cas) {
    for (const [limit, count] of ca.refusals)
      console.log(`  ${name} refused ${count} orders for its limit of ${limit}`);
  }
  if (plot !== null) await writeFile(plot, plotSimulation(result));
  const ok = watch.broken.counts.size === 0 && watch.expired === 0 && limitBreaches === 0;
  console.log(
    JSON.stringify({ certificates, days, renewals: watch.issuedCount, expired: watch.expired, limitBreaches, ok }),
  );
  process.exitCode = ok ? 0 : 1;
}

function describeFleet(): void {
  const percent = (share: number): string => `${Number((share * 100).toFixed(1))} %`;
  const lives = LIFETIMES.map(({ ms, share }) => `${Number((ms / 86_400_000).toFixed(2))} days ${percent(share)}`);
  console.log(`lifetimes: ${lives.join(', ')}`);
  for (const { name, share, renewalInfoMs, orders, exemptsRenewals } of CAS) {
    const info = renewalInfoMs === null ? 'no renewal info' : `renewal info every ${renewalInfoMs / 3_600_000} h`;
    const limit = `${orders.capacity} orders within ${(orders.capacity * orders.refillMs) / 3_600_000} h`;
    console.log(`${name}: ${percent(share)}, ${info}, ${limit}${exemptsRenewals ? ', renewals exempt' : ''}`);
  }
}

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < least || value > most) {
    console.error(`--${name}: a whole number from ${least} to ${most}`);
    process.exit(2);
  }
  return value;
}
