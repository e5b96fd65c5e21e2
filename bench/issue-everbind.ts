import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acmeEngine } from '../lab/acme-engine.ts';
import { gated as gatedTransport } from '../lab/pebble/gate.ts';
import { openState } from '../src/agent/state.ts';
import { limitHeapGrowth } from '../src/agent/limit-heap-growth.ts';
import { systemClock, systemRandom } from '../src/net/system.ts';
import { createTransport } from '../src/net/transport.ts';
import { parsePemRoots } from '../src/pki/asn1/pem.ts';
import type { Solver } from '../src/ports/solver.ts';
import type { Transport } from '../src/ports/transport.ts';
import { acquireLease } from '../src/store/lease.ts';
import { type IssueFigures, ownFigures } from './figures.ts';

// One process of Everbind: every certificate of the configuration with lease, full durable journal and audit log.
// Nothing is deployed, and since the CA validates nothing, nothing is presented.

const { folder, gated } = JSON.parse(process.argv[2] ?? '{}') as { folder: string; gated: boolean };
const pem = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8');
const silent: Solver = { type: 'http-01', present: async () => {}, wait: async () => {}, cleanUp: async () => {} };
const network = createTransport({ roots: [await pem('listener.pem')], proxy: null });
// The account; directory and nonces come to it, which are all that is asked for by GET.
let runRequests = 1;
const transport: Transport = (request, signal) => {
  if (request.method === 'GET') runRequests += 1;
  return network(request, signal);
};
const roots = parsePemRoots(await pem('root.pem'));

const state = await openState(join(folder, 'state'), { clock: systemClock });
const lease = await acquireLease(state.store, systemClock);
const { engine } = acmeEngine({
  ...state,
  clock: systemClock,
  random: systemRandom,
  userAgent: 'everbind-bench',
  prepare: async () => limitHeapGrowth(),
  transportFor: async () => (gated ? gatedTransport(transport) : transport),
  rootsFor: async () => roots,
  solverFor: () => silent,
  deploymentFor: () => Promise.reject(new Error('nothing is deployed')),
  resolveSecret: (reference) => state.secrets.resolveSecret(reference),
});
const started = performance.now();
let renewed = 0;
await engine.renew(
  { names: [], force: false },
  (outcome) => {
    if (outcome.kind === 'renewed') renewed += 1;
    else console.error(JSON.stringify(outcome));
  },
  new AbortController().signal,
);
const wallMs = performance.now() - started;
await lease.release();
const { requests, connections } = network.stats();
network.close();
await state.close();
const figures: IssueFigures = {
  certificates: renewed,
  wallMs,
  requests: requests - runRequests,
  runRequests,
  connections,
  ...ownFigures(),
};
console.log(JSON.stringify(figures));
