import { systemClock } from '../../../src/net/system.ts';
import { acquireLease } from '../../../src/store/lease.ts';
import type { Transaction } from '../../../src/store/store.ts';
import type { RunRequest } from './run-child.ts';
import { openEngine } from './state.ts';

// One run of the engine in a process of its own, killed at the point that it is told. Points lie after every commit,
// every response of the CA and every effect on server and challenges: what was last is there, and what comes next is
// not. Prints a line of JSON for each point and for each outcome.

const request = JSON.parse(process.argv[2] ?? '{}') as RunRequest;
let passed = 0;

/** Dies here when it is its turn: the returned promise then never settles. */
function point(name: string): Promise<void> | void {
  passed += 1;
  say({ point: name });
  if (passed !== request.dieAt && !(request.dieAfter !== undefined && name.includes(request.dieAfter))) return;
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => {});
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

const { state, engine, accounts, apply, close } = await openEngine(request.folder, request.ca, {
  onState: ({ store }) => {
    const commit = store.commit.bind(store);
    store.commit = async <T>(work: (transaction: Transaction) => T, options?: { readonly fenced?: boolean }) => {
      let events = '';
      const result = await commit((transaction) => {
        events = '';
        return work({
          db: transaction.db,
          audit: (event) => {
            events += ` ${event.type}`;
            transaction.audit(event);
          },
        });
      }, options);
      await point(`after commit${events}`);
      return result;
    };
  },
  fault: async (call) => {
    await point(`after ${call}`);
  },
  transport: (transport) => async (sent, signal) => {
    const response = await transport(sent, signal);
    await point(`after ${sent.method} ${new URL(sent.url).pathname.split('/')[1] ?? ''}`);
    return response;
  },
});
try {
  const lease = await acquireLease(state.store, systemClock);
  await apply(request.certificates, `engine: { concurrency: ${request.concurrency} }`);
  await engine.renew({ names: [], force: false }, (outcome) => say({ outcome }), lease.lost);
  if (request.twice === true) await engine.renew({ names: [], force: true }, (outcome) => say({ outcome }), lease.lost);
  if (request.rollOver === true) await accounts.rollOver('ca', lease.lost);
  await lease.release();
} catch (error) {
  say({ error: (error as { code?: string }).code ?? String(error) });
  process.exitCode = 1;
} finally {
  await close();
}
