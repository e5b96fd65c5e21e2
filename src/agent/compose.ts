import type { IssuerConfig } from '../config/types.ts';
import { alarm } from '../concurrency/deadline.ts';
import { loadConfig } from '../config/load.ts';
import { readConfigFile } from '../config/read.ts';
import type { Clock } from '../ports/clock.ts';
import type { Transport } from '../ports/transport.ts';
import { asEverbindError, EverbindError } from '../errors/error.ts';
import { applyConfig } from '../renewal/engine/apply-config.ts';
import { correctAfterClockPutBack } from '../renewal/engine/clock-put-back.ts';
import { createEngine, type Engine } from '../renewal/engine/engine.ts';
import type { EnginePorts } from '../renewal/engine/engine-ports.ts';
import type { AcmeAccounts } from '../renewal/issuers/acme/acme-accounts.ts';
import type { AcmePorts } from '../renewal/issuers/acme/acme-ports.ts';
import { appliedConfig } from '../renewal/state/applied-config.ts';
import { acquireLease, type Lease } from '../store/lease.ts';
import { requireTrustedPath } from '../store/trusted-path.ts';
import type { AgentPaths, Environment } from './environment.ts';
import { fenceTransport } from './fence.ts';
import type { HostParts } from './host-parts.ts';
import { type SharedHost, shareHost } from './shared-host.ts';
import { openState, type State } from './state.ts';
import { VERSION } from './version.ts';

/** The engine over a state folder, with the configuration applied and the lease held. */
export interface OpenAgent {
  readonly state: State;
  readonly engine: Engine;
  readonly accounts: AcmeAccounts;
  /** The person's wish to stop, or the loss of the lease. */
  readonly signal: AbortSignal;
}

/** What a command may have otherwise than others. */
export interface AgentOptions {
  /**
   * Goes on with the configuration that was applied last, where there is one, when the present one is wrong; told why.
   */
  readonly onBadConfig?: (error: EverbindError) => void;
}

/**
 * Opens everything, takes the lease, applies the configuration, does the work, closes everything. Only this room
 * composes.
 */
export async function withAgent<T>(
  paths: AgentPaths,
  environment: Environment,
  onProgress: NonNullable<EnginePorts['onProgress']>,
  work: (work: OpenAgent) => Promise<T>,
  { onBadConfig }: AgentOptions = {},
): Promise<T> {
  requireTrustedPath(paths.configFile);
  const file = await readConfigFile(paths.configFile).catch((error: unknown) => {
    if (onBadConfig === undefined) throw error;
    return { error };
  });
  const shared = shareHost(environment, () => state.store.requireLease());
  let lease: Lease | null = null;
  const state: State = await openState(paths.stateDir, environment, async () => (await shared.open()).keys);
  const ports = lazyPorts(state, environment, shared, {
    onProgress: (event) => {
      lease?.progress();
      onProgress(event);
    },
    onWork: (ms) => lease?.progress(ms),
  });
  try {
    lease = await acquireLease(state.store, environment.clock);
    try {
      await correctAfterClockPutBack(state.store, environment.clock);
      try {
        if ('error' in file) throw file.error;
        await applyConfig(state.store, file.fingerprint, environment.clock.now(), () =>
          loadConfig(paths.configFile, environment.deploymentCatalogue),
        );
      } catch (error) {
        const known = asEverbindError(error);
        const goesOn = known.code.startsWith('CONFIG_') && state.store.read(appliedConfig) !== null;
        if (onBadConfig === undefined || !goesOn) throw error;
        onBadConfig(known);
      }
      const signal = AbortSignal.any([environment.signal, lease.lost]);
      const doing = work({ state, engine: createEngine(ports.engine), accounts: ports.accounts, signal });
      return await unlessStalled(doing, environment.clock, lease.lost);
    } finally {
      await lease.release();
    }
  } finally {
    ports.close();
    await shared.close();
    await state.close();
  }
}

/** What is told to stop comes to rest within this; what does not is left behind. */
const REST_MS = 60_000;

/** The work; once it has stood still for too long and does not stop when it is told to, STORE_LEASE_STALLED. */
function unlessStalled<T>(work: Promise<T>, clock: Clock, lost: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      const { reason } = lost;
      if (!(reason instanceof EverbindError) || reason.code !== 'STORE_LEASE_STALLED') return;
      const cancel = alarm(clock, REST_MS, () => reject(reason));
      work.finally(cancel).catch(() => {});
    };
    lost.addEventListener('abort', leave, { once: true });
    work.then(resolve, reject).finally(() => lost.removeEventListener('abort', leave));
  });
}

/**
 * Everything that talks to issuers and to Windows is loaded and opened when it is first used: most runs find nothing
 * due.
 */
function lazyPorts(
  state: State,
  environment: Environment,
  shared: SharedHost,
  heard: Pick<EnginePorts, 'onProgress' | 'onWork'>,
): { readonly engine: EnginePorts; readonly accounts: AcmeAccounts; close(): void } {
  const { store, keys, secrets } = state;
  const { clock, random } = environment;
  const fence = (): void => store.requireLease();
  let host: HostParts | null = null;
  const opened: { close(): void }[] = [];
  const toIssuers = new Map<string, Promise<Transport>>();
  const open = async (issuer: IssuerConfig): Promise<Transport> => {
    if (environment.transportTo !== undefined) return fenceTransport(environment.transportTo(issuer), fence);
    const { openTransport } = await import('./work-modules.ts');
    const transport = await openTransport(issuer);
    opened.push(transport);
    return fenceTransport(transport, fence);
  };
  const prepare: EnginePorts['prepare'] = async () => {
    const { openHostParts } = await import('./work-modules.ts');
    host ??= await openHostParts(environment, shared, store, {
      resolveSecret: (reference) => secrets.resolveSecret(reference),
      openTransport: async (plain) => {
        const { openHostTransport } = await import('./work-modules.ts');
        const transport = openHostTransport(plain);
        opened.push(transport);
        return fenceTransport(transport, fence);
      },
    });
  };
  const acme: AcmePorts = {
    store,
    keys,
    clock,
    random,
    userAgent: `everbind/${VERSION}`,
    transportFor: (issuer: IssuerConfig) => {
      const kept = toIssuers.get(issuer.name) ?? open(issuer);
      toIssuers.set(issuer.name, kept);
      kept.catch(() => toIssuers.delete(issuer.name));
      return kept;
    },
    rootsFor: async (issuer: IssuerConfig) => {
      const { certificateRoots } = await import('./work-modules.ts');
      return certificateRoots(issuer);
    },
    solverFor: (task, config) => ready(host).solverFor(task, config),
    resolveSecret: (reference) => secrets.resolveSecret(reference),
    preflight: async (order, signal) => {
      const { preflightOrder } = await import('./work-modules.ts');
      return preflightOrder(environment, order, signal);
    },
  };
  return {
    engine: {
      store,
      keys,
      clock,
      random,
      prepare,
      openIssuers: async (signal) => {
        const { createAcmeIssuers } = await import('./work-modules.ts');
        return createAcmeIssuers(acme, signal);
      },
      checkIssued: async (check) => {
        const { checkIssued } = await import('./work-modules.ts');
        return checkIssued(check);
      },
      deploymentFor: async (config, certificate) => ready(host).deploymentFor(config, certificate),
      previewOrder: async (certificate) => {
        const { previewOrder } = await import('./work-modules.ts');
        return store.read((db) => previewOrder(db, certificate, clock.now()));
      },
      ...heard,
    },
    accounts: {
      rollOver: async (issuer, signal) => {
        const { createAcmeAccounts } = await import('./work-modules.ts');
        return createAcmeAccounts(acme).rollOver(issuer, signal);
      },
      persistRecords: async (name, signal) => {
        const { createAcmeAccounts } = await import('./work-modules.ts');
        await prepare();
        return createAcmeAccounts(acme).persistRecords(name, signal);
      },
    },
    close: () => {
      for (const transport of opened) transport.close();
    },
  };
}

function ready(host: HostParts | null): HostParts {
  if (host === null) throw new Error('the engine has not prepared the host');
  return host;
}
