import { casOptions, help as casHelp, runCas } from './cas.ts';
import type { Check } from './check.ts';
import { run as runDns, servers as dnsServers } from './dns.ts';

// The product against other people's servers, for real: npm run interop -- GROUP. The last line is one JSON object.

const [group = '', ...args] = process.argv.slice(2);
const say = (line: string): void => console.log(line);

/** Prints the last line. */
function end(line: object, ok: boolean): void {
  say(JSON.stringify(line));
  if (!ok) process.exitCode = 1;
}

async function dns(): Promise<void> {
  let passed = 0;
  let failed = 0;
  const check: Check = async (what, work) => {
    try {
      await work();
      passed += 1;
      say(`ok    ${what}`);
    } catch (error) {
      failed += 1;
      say(`FAIL  ${what}\n      ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await check('dns: everything could be started, asked and stopped', () => runDns(check));
  const ok = failed === 0;
  end({ passed, failed, servers: dnsServers, ok }, ok);
}

async function cas(): Promise<void> {
  if (args.includes('--help')) return say(casHelp.trimEnd());
  const options = casOptions(args);
  if (options !== null) {
    const line = await runCas(options, say);
    return end(line, line.ok);
  }
  console.error(casHelp);
  process.exitCode = 2;
}

const groups: Readonly<Record<string, () => Promise<void>>> = { dns, cas };
const run = Object.hasOwn(groups, group) ? groups[group] : undefined;
if (run === undefined) {
  console.error(`usage: npm run interop -- ${Object.keys(groups).join('|')}`);
  process.exitCode = 2;
} else {
  await run();
}
