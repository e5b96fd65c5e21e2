import { join } from 'node:path';
import { gated } from '../../../lab/pebble/gate.ts';
import { openState, type State } from '../../../src/agent/state.ts';
import { parseConfig } from '../../../src/config/parse.ts';
import { systemClock, systemRandom } from '../../../src/net/system.ts';
import { createTransport } from '../../../src/net/transport.ts';
import { parsePemRoots } from '../../../src/pki/asn1/pem.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { HostKeys } from '../../../src/ports/host-keys.ts';
import type { Transport } from '../../../src/ports/transport.ts';
import { applyConfig } from '../../../src/renewal/engine/apply-config.ts';
import { type AcmeEnginePorts, acmeEngine } from '../../../lab/acme-engine.ts';
import type { Engine } from '../../../src/renewal/engine/engine.ts';
import type { AcmeAccounts } from '../../../src/renewal/issuers/acme/acme-accounts.ts';
import { type Fault, fileDeployment } from './file-server.ts';
import { tokenFolderSolver } from './token-folder.ts';

/** Where a CA is and how it is trusted; plain data, so that child processes can be told. */
export interface CaAddress {
  readonly directoryUrl: string;
  readonly listenerCaPem: string;
  readonly rootPem: string;
  /** Its staging environment. */
  readonly staging?: { readonly directoryUrl: string; readonly listenerCaPem: string };
}

export interface OpenOptions {
  readonly clock?: Clock;
  readonly fault?: Fault;
  /** Around the connection to the CA. */
  readonly transport?: (transport: Transport) => Transport;
  /** Key storage providers of the host. */
  readonly hostKeys?: HostKeys;
  readonly ports?: Partial<AcmeEnginePorts>;
  readonly onState?: (state: State) => void;
}

/**
 * A state folder with an engine over it. Its certificates are put on the endpoints `NAME:443` of a server in a file.
 */
export interface Opened {
  readonly state: State;
  readonly engine: Engine;
  readonly accounts: AcmeAccounts;
  /** Applies a configuration; `certificates` and `engine` are YAML. */
  apply(certificates: string, more?: string): Promise<void>;
  close(): Promise<void>;
}

export async function openEngine(folder: string, ca: CaAddress, options: OpenOptions = {}): Promise<Opened> {
  const {
    clock = systemClock,
    fault = () => {},
    transport: around = (transport: Transport): Transport => transport,
  } = options;
  const { hostKeys } = options;
  const state = await openState(folder, { clock }, ...(hostKeys === undefined ? [] : [async () => hostKeys]));
  options.onState?.(state);
  const transport = createTransport({ roots: [ca.listenerCaPem], proxy: null });
  const { staging } = ca;
  const stagingSessions =
    staging === undefined ? null : createTransport({ roots: [staging.listenerCaPem], proxy: null });
  const roots = parsePemRoots(ca.rootPem);
  const { engine, accounts } = acmeEngine({
    ...state,
    clock,
    random: systemRandom,
    userAgent: 'everbind-test',
    transportFor: async ({ directory }) =>
      around(gated(directory === ca.directoryUrl ? transport : (stagingSessions ?? transport))),
    rootsFor: async () => roots,
    solverFor: () => tokenFolderSolver(join(folder, 'tokens'), (call) => fault(call, '')),
    deploymentFor: async (_, { name }) => fileDeployment(folder, `${name}:443`, fault),
    resolveSecret: (reference) => state.secrets.resolveSecret(reference),
    ...options.ports,
  });
  return {
    state,
    engine,
    accounts,
    apply: async (certificates, more = '') => {
      const also = staging === undefined ? '' : `, staging: "${staging.directoryUrl}"`;
      const text = `version: 1\nissuers: [{ name: ca, directory: "${ca.directoryUrl}", termsOfServiceAgreed: true${also} }]\n${more}\ncertificates: ${certificates}\n`;
      const config = parseConfig(Buffer.from(text), join(folder, 'everbind.yaml'));
      await applyConfig(state.store, config.fingerprint, clock.now(), async () => config);
    },
    close: async () => {
      transport.close();
      stagingSessions?.close();
      await state.close();
    },
  };
}
