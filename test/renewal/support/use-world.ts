import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { type Pebble, startPebble } from '../../../lab/pebble/server.ts';
import { readPinnedKey } from '../../../src/agent/audit-key-file.ts';
import type { State } from '../../../src/agent/state.ts';
import type { HttpRequest } from '../../../src/ports/transport.ts';
import type { Engine, RunCount } from '../../../src/renewal/engine/engine.ts';
import { type CertificateDetail, showCertificate } from '../../../src/overview/certificate-detail.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import { verifyStoredLog } from '../../../src/store/audit-read.ts';
import { type SettableClock, settableClock } from './obtain-clock.ts';
import { withFolder } from './obtain-state.ts';
import { openEngine } from './state.ts';
import { createUseServer, type UseServer } from './use-server.ts';

/**
 * A state folder whose engine gets its certificates from a CA that asks no questions, and puts them on a server that
 * tests disturb.
 */
export interface UseWorld {
  readonly clock: SettableClock;
  readonly state: State;
  readonly engine: Engine;
  readonly server: UseServer;
  /** Addresses of the orders that the CA has made. */
  readonly orders: readonly string[];
  /** Thrown instead of giving a deployment; null: nothing. */
  unavailable: Error | null;
  /** Told each request to the CA before it is sent; may throw. */
  onRequest: (request: HttpRequest) => void;
  /** Told each handle before its key is destroyed; may throw. */
  onDestroy: (handle: string) => void;
  /** Applies certificates, YAML of the list; `top` are further settings. */
  apply(certificates: string, top?: string): Promise<void>;
  renew(names?: readonly string[], options?: { readonly force?: boolean }): Promise<UseRun>;
  rollBack(name: string): Promise<Outcome>;
  show(name: string): CertificateDetail;
}

/** The CA that the tests of one file share. `pebble` can be read while its tests run, not before. */
export interface UseSuite {
  readonly pebble: Pebble;
  /** Registers a test that gets a world of its own. */
  test(title: string, work: (world: UseWorld) => Promise<void>): void;
}

/** What one run brought. */
export interface UseRun extends RunCount {
  readonly outcomes: readonly Outcome[];
}

/** Starts a CA that asks no questions before the tests of this file and stops it afterwards. */
export function useSuite(): UseSuite {
  let started: Pebble | undefined;
  const running = (): Pebble => {
    if (started === undefined) throw new Error('the CA runs only while tests do');
    return started;
  };
  before(async () => {
    started = await startPebble({ alwaysValid: true });
  });
  after(() => started?.stop());
  return {
    get pebble() {
      return running();
    },
    test: (title, work) => void it(title, () => withUseWorld(running(), work)),
  };
}

/** Runs the work with a new world. In the end the audit log must verify. */
function withUseWorld(pebble: Pebble, work: (world: UseWorld) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const ca = {
      directoryUrl: pebble.directoryUrl,
      listenerCaPem: pebble.listenerCaPem,
      rootPem: await pebble.rootPem(),
    };
    const clock = settableClock();
    const server = createUseServer();
    const orders: string[] = [];
    const opened = await openEngine(folder, ca, {
      clock,
      onState: ({ keys }) => {
        const destroy = keys.destroy.bind(keys);
        keys.destroy = async (handle) => {
          world.onDestroy(handle);
          await destroy(handle);
        };
      },
      transport: (transport) => async (request, signal) => {
        world.onRequest(request);
        const response = await transport(request, signal);
        const { status, headers } = response;
        if (request.url.endsWith('/order-plz') && status === 201) orders.push(String(headers['location']));
        return response;
      },
      ports: {
        solverFor: () => ({ type: 'http-01', present: async () => {}, wait: async () => {}, cleanUp: async () => {} }),
        deploymentFor: async (config, certificate) => {
          if (world.unavailable !== null) throw world.unavailable;
          return server.deploymentFor(config, certificate);
        },
      },
    });
    const { state, engine } = opened;
    const world: UseWorld = {
      clock,
      state,
      engine,
      server,
      orders,
      unavailable: null,
      onRequest: () => {},
      onDestroy: () => {},
      apply: (certificates, top) => opened.apply(certificates, top),
      renew: async (names = [], { force = false } = {}) => {
        const outcomes: Outcome[] = [];
        const signal = new AbortController().signal;
        const count = await engine.renew({ names, force }, (outcome) => outcomes.push(outcome), signal);
        return { ...count, outcomes };
      },
      rollBack: (name) => engine.rollBack(name, new AbortController().signal),
      show: (name) => state.store.read((db) => showCertificate(db, name)),
    };
    try {
      await work(world);
      assert.deepEqual(verifyStoredLog(state.store, await readPinnedKey(folder)).findings, []);
    } finally {
      await opened.close();
    }
  });
}
