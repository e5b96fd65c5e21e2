import { generateKeyPairSync } from 'node:crypto';
import acme from 'acme-client';
import { createGate, needsGate } from '../lab/pebble/gate.ts';
import { type IssueFigures, ownFigures } from './figures.ts';

// One process of npm's acme-client: `count` certificates, `concurrency` at a time. It keeps no state; that is its
// advantage here. The listener's authority reaches it through NODE_EXTRA_CA_CERTS.

const { directoryUrl, count, concurrency, gated } = JSON.parse(process.argv[2] ?? '{}') as {
  directoryUrl: string;
  count: number;
  concurrency: number;
  gated: boolean;
};

let requests = 0;
const pass = createGate();
// Interceptors stand around the request: the gate is entered before it is sent and left when its response or error is
// there.
const leave = new WeakMap<object, () => void>();
acme.axios.interceptors.request.use(async (config) => {
  requests += 1;
  if (gated && needsGate(config.url ?? '')) {
    await new Promise<void>((entered) => {
      void pass(
        () =>
          new Promise<void>((left) => {
            leave.set(config, left);
            entered();
          }),
      );
    });
  }
  return config;
});
acme.axios.interceptors.response.use(
  (response) => {
    leave.get(response.config)?.();
    return response;
  },
  (error: { config?: object }) => {
    if (error.config !== undefined) leave.get(error.config)?.();
    throw error;
  },
);
const interval = 20;
const client = new acme.Client({
  directoryUrl,
  accountKey: ecKey(),
  backoffAttempts: 500,
  backoffMin: interval,
  backoffMax: 1000,
});
await client.createAccount({ termsOfServiceAgreed: true });
const started = Date.now();
let next = 0;
await Promise.all(
  Array.from({ length: concurrency }, async () => {
    while (next < count) {
      const name = `peer-${next++}.bench.test`;
      const [, csr] = await acme.crypto.createCsr({ altNames: [name] }, ecKey());
      const chain = await client.auto({
        csr,
        skipChallengeVerification: true,
        challengePriority: ['http-01'],
        challengeCreateFn: async () => {},
        challengeRemoveFn: async () => {},
      });
      if (!chain.includes('BEGIN CERTIFICATE')) throw new Error('no certificate');
    }
  }),
);
const wallMs = Date.now() - started;
const figures: IssueFigures = {
  certificates: count,
  wallMs,
  requests,
  runRequests: 0,
  connections: 0,
  ...ownFigures(),
};
console.log(JSON.stringify(figures));

function ecKey(): string {
  return generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  }).privateKey;
}
