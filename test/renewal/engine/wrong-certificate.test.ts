import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { gated } from '../../../lab/pebble/gate.ts';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { openState } from '../../../src/agent/state.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import { createTransport } from '../../../src/net/transport.ts';
import { parseCsr } from '../../../src/pki/x509/csr.ts';
import { parsePemRoots, toPem } from '../../../src/pki/asn1/pem.ts';
import type { Deployment } from '../../../src/ports/deployment.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import { applyConfig } from '../../../src/renewal/engine/apply-config.ts';
import { acmeEngine } from '../../../lab/acme-engine.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { CLIENT_AUTH, dns, extendedKeyUsage, makeKey, san, type TestKey } from '../../pki/support/make-certificate.ts';
import { makeIntermediate, makeLeafDer, makeRoot } from '../../pki/support/make-chain.ts';

// A CA that does everything right until it hands out the certificate. It even is a trusted one: its root is among the
// roots.

let pebble: Pebble;
const trusted = makeRoot('Trusted but lying');
const stranger = makeRoot('Nobody knows me');

before(async () => {
  pebble = await startPebble({ alwaysValid: true });
});
after(() => pebble.stop());

const day = 86_400_000;
/** `261123120000`, as makeCertificate takes times. */
const text = (ms: number): string => new Date(ms).toISOString().replaceAll(/[-:T]/g, '').slice(2, 14);
/** As long as certificates of the web live. */
const fresh = { notBefore: text(Date.now() - day), notAfter: text(Date.now() + 60 * day) };

/** What is handed out instead, given the public key of the request. */
type Lie = (requested: TestKey) => readonly Uint8Array[];

const names = san(dns('shop.example'));
const lies: Readonly<Record<string, { readonly lie: Lie; readonly code: string }>> = {
  'a certificate for another key': {
    lie: () => [makeLeafDer(trusted, { ...fresh, extensions: [names] })],
    code: 'PKI_ISSUED_KEY_MISMATCH',
  },
  "someone else's names": {
    lie: (key) => [makeLeafDer(trusted, { ...fresh, key, extensions: [san(dns('bank.example'))] })],
    code: 'PKI_ISSUED_NAMES_MISMATCH',
  },
  'one name more than was ordered': {
    lie: (key) => [
      makeLeafDer(trusted, { ...fresh, key, extensions: [san(dns('shop.example'), dns('bank.example'))] }),
    ],
    code: 'PKI_ISSUED_NAMES_MISMATCH',
  },
  'a certificate that has expired': {
    lie: (key) => [
      makeLeafDer(trusted, { key, extensions: [names], notBefore: '200101000000', notAfter: '210101000000' }),
    ],
    code: 'PKI_ISSUED_VALIDITY',
  },
  'an expired intermediate': {
    lie: (key) => {
      const old = makeIntermediate(trusted, 'Old', { notBefore: '200101000000', notAfter: '210101000000' });
      return [makeLeafDer(old, { ...fresh, key, extensions: [names] }), old.certificate.der];
    },
    code: 'PKI_CHAIN_INVALID',
  },
  'a chain to a root that nobody trusts': {
    lie: (key) => [makeLeafDer(stranger, { ...fresh, key, extensions: [names] }), stranger.certificate.der],
    code: 'PKI_CHAIN_INVALID',
  },
  'a certificate that no TLS server may use': {
    lie: (key) => [makeLeafDer(trusted, { ...fresh, key, extensions: [names, extendedKeyUsage(CLIENT_AUTH)] })],
    code: 'PKI_ISSUED_KEY_USAGE',
  },
  'something that is no certificate': {
    lie: () => [Uint8Array.from([0x30, 0x03, 0x02, 0x01, 0x05])],
    code: 'PKI_CERTIFICATE_INVALID',
  },
};

for (const [name, { lie, code }] of Object.entries(lies)) {
  test(`nothing is installed: ${name}`, async () => {
    const { outcome, touched, stored } = await renewWith(lie);
    assert.equal(outcome.kind, 'failed');
    assert.equal(outcome.code, code);
    assert.deepEqual(touched, []);
    assert.equal(stored, 0);
  });
}

test('the same CA without a lie', async () => {
  const { outcome, touched } = await renewWith(null);
  assert.equal(outcome.kind, 'renewed');
  assert.deepEqual(touched, ['install', 'plan', 'apply', 'verify']);
});

interface Run {
  readonly outcome: Outcome;
  readonly touched: readonly string[];
  /** Certificates in the database. */
  readonly stored: number;
}

async function renewWith(lie: Lie | null): Promise<Run> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-hostile-'));
  const state = await openState(folder, { clock: systemClock });
  const transport = createTransport({ roots: [pebble.listenerCaPem], proxy: null });
  try {
    const config = parseConfig(
      Buffer.from(`version: 1
issuers: [{ name: ca, directory: "${pebble.directoryUrl}", termsOfServiceAgreed: true }]
certificates: [{ name: shop, names: [shop.example], deployments: [{ type: iis }] }]
`),
      join(folder, 'everbind.yaml'),
    );
    await applyConfig(state.store, config.fingerprint, Date.now(), async () => config);
    const touched: string[] = [];
    const roots = [...parsePemRoots(await pebble.rootPem()), trusted.certificate.der];
    const { engine } = acmeEngine({
      ...state,
      clock: systemClock,
      random: systemRandom,
      userAgent: 'everbind-test',
      transportFor: async () => (lie === null ? gated(transport) : lying(gated(transport), lie)),
      rootsFor: async () => roots,
      solverFor: () => ({ type: 'http-01', present: async () => {}, wait: async () => {}, cleanUp: async () => {} }),
      deploymentFor: async () => recording(touched),
      resolveSecret: (reference) => state.secrets.resolveSecret(reference),
    });
    const outcomes: Outcome[] = [];
    await engine.renew({ names: [], force: false }, (outcome) => outcomes.push(outcome), new AbortController().signal);
    const [outcome] = outcomes;
    assert.ok(outcome !== undefined && outcomes.length === 1);
    const stored = state.store.read((db) => db.prepare('SELECT count(*) AS n FROM issued').get()?.['n'] as number);
    return { outcome, touched, stored };
  } finally {
    transport.close();
    await state.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Keeps the public key of the request and exchanges the chain that comes back. */
function lying(transport: Transport, lie: Lie): Transport {
  let requested: TestKey | null = null;
  return async (request, signal) => {
    if (typeof request.body === 'string') {
      const { payload } = JSON.parse(request.body) as { payload: string };
      const { csr } =
        payload === '' ? {} : (JSON.parse(Buffer.from(payload, 'base64url').toString()) as { csr?: string });
      if (csr !== undefined) requested = { ...makeKey(), spki: parseCsr(Buffer.from(csr, 'base64url')).spkiDer };
    }
    const response = await transport(request, signal);
    const isChain = response.headers['content-type']?.[0]?.startsWith('application/pem-certificate-chain') === true;
    if (!isChain || requested === null) return response;
    return {
      ...response,
      body: Buffer.from(
        lie(requested)
          .map((der) => toPem('CERTIFICATE', der))
          .join(''),
      ),
    };
  };
}

function recording(touched: string[]): Deployment {
  const plan = { type: 'recording', changes: [], skipped: [], snapshot: null, detail: null };
  return {
    type: 'recording',
    install: async () => void touched.push('install'),
    plan: async () => {
      touched.push('plan');
      return plan;
    },
    look: async (planned) => planned,
    apply: async () => void touched.push('apply'),
    verify: async () => {
      touched.push('verify');
      return [];
    },
    restore: async () => {
      touched.push('restore');
      return [];
    },
    retire: async () => true,
  };
}
