import assert from 'node:assert/strict';
import { join } from 'node:path';
import { gated } from '../../../lab/pebble/gate.ts';
import { readPinnedKey } from '../../../src/agent/audit-key-file.ts';
import type { State } from '../../../src/agent/state.ts';
import { createAcmeClient, type AcmeClient } from '../../../src/acme/client.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import { createTransport, type NetTransport } from '../../../src/net/transport.ts';
import type { Solver } from '../../../src/ports/solver.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../../src/ports/transport.ts';
import type { AcmeAccounts } from '../../../src/renewal/issuers/acme/acme-accounts.ts';
import type { Engine, RunCount } from '../../../src/renewal/engine/engine.ts';
import { type CertificateDetail, showCertificate } from '../../../src/overview/certificate-detail.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import type { ProgressEvent } from '../../../src/renewal/engine/engine-ports.ts';
import type { Front } from './obtain-front.ts';
import { type SettableClock, settableClock } from './obtain-clock.ts';
import { verifyStoredLog } from '../../../src/store/audit-read.ts';
import { applyText } from './obtain-state.ts';
import { openEngine } from './state.ts';
import { tokenFolderSolver } from './token-folder.ts';

/** What one run brought. */
export interface RunResult extends RunCount {
  readonly outcomes: readonly Outcome[];
}

/** Stands between the program and the CA: null lets the request through. */
export type Meddler = (request: HttpRequest) => HttpResponse | null | Promise<HttpResponse | null>;

/** A state folder whose engine talks to a real CA, at a time that tests set. */
export interface World {
  readonly folder: string;
  readonly clock: SettableClock;
  readonly state: State;
  readonly engine: Engine;
  readonly accounts: AcmeAccounts;
  /** Addresses of the orders that the CA has made; its own list leaves out those that came to nothing. */
  readonly orders: readonly string[];
  /** Asked before every request to the CA. */
  meddle: Meddler;
  /** Told every response of the CA before the program gets it. */
  onResponse: (request: HttpRequest, response: HttpResponse) => HttpResponse | Promise<HttpResponse>;
  /** Whether the challenge response for this name is right. */
  rightResponse: (name: string) => boolean;
  /** What the solver has to say of the firewall of this machine. */
  firewallDoubt: string | null;
  /** Told the name before its challenge is presented; may throw. */
  onPresent: (name: string) => void;
  /** Told each durable step; may throw, as a defect would. */
  onProgress: (event: ProgressEvent) => void;
  /** Applies certificates, YAML of the list; `issuer` are further settings of the one issuer. */
  apply(
    certificates: string,
    more?: { readonly issuer?: string; readonly top?: string; readonly directoryUrl?: string },
  ): Promise<void>;
  renew(
    names?: readonly string[],
    options?: { readonly force?: boolean; readonly signal?: AbortSignal },
  ): Promise<RunResult>;
  show(name: string): CertificateDetail;
  /** Talks to the CA as the account of this state folder. */
  asAccount<T>(work: (client: AcmeClient) => Promise<T>): Promise<T>;
}

/** Opens a state folder that may be open elsewhere already. In the end its audit log must verify. */
export async function withWorldAt<T>(folder: string, front: Front, work: (world: World) => Promise<T>): Promise<T> {
  const { ca } = front;
  const line = openLine(front);
  const clock = settableClock();
  const tokens = tokenFolderSolver(join(folder, 'tokens'));
  const orders: string[] = [];
  const solver: Solver = {
    ...tokens,
    present: async (task, signal) => {
      const { keyAuthorization, identifier } = task;
      world.onPresent(identifier.value);
      const shown = world.rightResponse(identifier.value) ? keyAuthorization : `${keyAuthorization}-of-somebody-else`;
      await tokens.present({ ...task, keyAuthorization: shown }, signal);
    },
    firewallDoubt: async () => world.firewallDoubt,
  };
  const opened = await openEngine(folder, ca, {
    clock,
    transport: () => async (request, signal) => {
      const instead = await world.meddle(request);
      if (instead !== null) return instead;
      const response = await line.transport(request, signal);
      if (request.url.endsWith('/order-plz') && response.status === 201)
        orders.push(String(response.headers['location']));
      return world.onResponse(request, response);
    },
    ports: { solverFor: () => solver, onProgress: (event) => world.onProgress(event) },
  });
  const { state, engine, accounts } = opened;
  const world: World = {
    folder,
    clock,
    state,
    engine,
    accounts,
    orders,
    meddle: () => null,
    onResponse: (_, response) => response,
    rightResponse: () => true,
    firewallDoubt: null,
    onPresent: () => {},
    onProgress: () => {},
    apply: (certificates, { issuer = '', top = '', directoryUrl = ca.directoryUrl } = {}) =>
      applyText(
        state,
        clock,
        `version: 1\nissuers: [{ name: ca, directory: "${directoryUrl}", termsOfServiceAgreed: true${issuer} }]\n${top}\ncertificates: ${certificates}\n`,
      ),
    renew: async (names = [], { force = false, signal = new AbortController().signal } = {}) => {
      const outcomes: Outcome[] = [];
      const count = await engine.renew({ names, force }, (outcome) => outcomes.push(outcome), signal);
      return { ...count, outcomes };
    },
    show: (name) => state.store.read((db) => showCertificate(db, name)),
    asAccount: async (work) => {
      const row = state.store.read((db) => db.prepare('SELECT key_handle, url FROM account').get()) ?? {};
      return await work(
        createAcmeClient({
          directoryUrl: ca.directoryUrl,
          transport: line.transport,
          clock: systemClock,
          random: systemRandom,
          userAgent: 'everbind-test',
          signer: await state.keys.open(row['key_handle'] as string),
          accountUrl: row['url'] as string,
        }),
      );
    },
  };
  try {
    const result = await work(world);
    // Whatever was done, the log of it is whole.
    assert.deepEqual(verifyStoredLog(state.store, await readPinnedKey(folder)).findings, []);
    return result;
  } finally {
    await opened.close();
    line.close();
  }
}

/**
 * Connections to whichever CA stands behind the address: all of their own roots have the same name, so that each is
 * trusted alone.
 */
function openLine(front: Front): { readonly transport: Transport; close(): void } {
  const opened = new Map<string, { readonly net: NetTransport; readonly transport: Transport }>();
  return {
    transport: (request, signal) => {
      const root = front.listenerCaPem();
      let line = opened.get(root);
      if (line === undefined) {
        const net = createTransport({ roots: [root], proxy: null });
        line = { net, transport: gated(net) };
        opened.set(root, line);
      }
      return line.transport(request, signal);
    },
    close: () => {
      for (const { net } of opened.values()) net.close();
    },
  };
}

/** A response with a problem document (RFC 8555 section 6.7). */
export function problemResponse(
  status: number,
  type: string,
  headers: Readonly<Record<string, readonly string[]>> = {},
): HttpResponse {
  return {
    status,
    headers: { 'content-type': ['application/problem+json'], ...headers },
    body: Buffer.from(JSON.stringify({ type: `urn:ietf:params:acme:error:${type}`, detail: 'said for the test' })),
  };
}
