import type { Check } from './check.ts';
import { run as runDns, servers as dnsServers } from './dns.ts';

// The product against other people's servers, for real: npm run interop -- GROUP. The last line is one JSON object.

const GROUPS: Readonly<Record<string, { readonly servers: readonly string[]; run(check: Check): Promise<void> }>> = {
  dns: { servers: dnsServers, run: runDns },
};

const [name = ''] = process.argv.slice(2);
const group = Object.hasOwn(GROUPS, name) ? GROUPS[name] : undefined;
if (group === undefined) {
  console.error(`usage: npm run interop -- ${Object.keys(GROUPS).join('|')}`);
  process.exitCode = 2;
} else {
  let passed = 0;
  let failed = 0;
  const check: Check = async (what, work) => {
    try {
      await work();
      passed += 1;
      console.log(`ok    ${what}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL  ${what}\n      ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  await check(`${name}: everything could be started, asked and stopped`, () => group.run(check));
  const ok = failed === 0;
  console.log(JSON.stringify({ passed, failed, servers: group.servers, ok }));
  if (!ok) process.exitCode = 1;
}
