import { anythingToPoll, countManaged } from '../state/certificate-queries.ts';
import type { DryRun } from './dry-run.ts';
import type { EnginePorts, RunContext } from './engine-ports.ts';
import type { Outcome } from './outcome.ts';
import type { RevokeRequest, RevokeResult } from './revoke.ts';
import { anythingDue, type Selection } from './select.ts';

/** The work of Everbind over one state folder. The caller holds the lease for everything but dryRun. */
export interface Engine {
  /**
   * Renews what is selected, several at a time, and hands over each outcome as it comes. One failing certificate never
   * stops the others; only the signal does. Returns how many certificates there are and how many were worked on.
   */
  renew(selection: Selection, onOutcome: (outcome: Outcome) => void, signal: AbortSignal): Promise<RunCount>;
  /**
   * One whole run: renews, and meanwhile polls renewal information, which may make certificates due; polls again for
   * what was renewed, which has no ARI window yet. With `keepsOn` also takes what falls due before it ends, begins
   * nothing more after an hour, and ends soon after that.
   */
  cycle(
    selection: Selection,
    onOutcome: (outcome: Outcome) => void,
    signal: AbortSignal,
    keepsOn?: boolean,
  ): Promise<RunCount>;
  /** What renewing would do. Changes nothing, neither here nor at the CA. */
  dryRun(selection: Selection): Promise<readonly DryRun[]>;
  /** Deploys the previous certificate again, verified like a renewal. */
  rollBack(name: string, signal: AbortSignal): Promise<Outcome>;
  /** Revokes the active certificate at its CA; a new one is due at once. */
  revoke(request: RevokeRequest, signal: AbortSignal): Promise<RevokeResult>;
  /**
   * Asks the issuers for the ARI windows (RFC 9773) whose time to ask has come. Errors stop nothing. Returns how many
   * were asked for.
   */
  pollRenewalInfo(signal: AbortSignal): Promise<number>;
}

export interface RunCount {
  readonly managed: number;
  readonly worked: number;
}

/** Certificates that are installed, bound and verified at the same time. */
const DEPLOYING = 8;

/**
 * Modules that talk to issuers are loaded when there is something to do: looking for what is due costs next to nothing.
 */
export function createEngine(ports: EnginePorts): Engine {
  const { store, clock } = ports;

  async function contextFor(signal: AbortSignal): Promise<RunContext> {
    await ports.prepare();
    return withoutHost(signal);
  }

  /** For what needs no web server. */
  async function withoutHost(signal: AbortSignal): Promise<RunContext> {
    const { createSemaphore } = await import('./engine-modules.ts');
    const issuers = await ports.openIssuers(signal);
    return { ...ports, issuers, deploying: createSemaphore(DEPLOYING), forced: false, signal };
  }

  async function run(
    selection: Selection,
    onOutcome: (outcome: Outcome) => void,
    signal: AbortSignal,
    { polls, keepsOn }: { readonly polls: boolean; readonly keepsOn: boolean },
  ): Promise<RunCount> {
    const managed = store.read(countManaged);
    const isToPoll = (): boolean => polls && store.read((db) => anythingToPoll(db, clock.now()));
    const asked = selection.names.length > 0 || selection.force;
    const due = asked || store.read((db) => anythingDue(db, clock.now()));
    if (!due && !isToPoll()) return { managed, worked: 0 };
    const { runSelected, renewOne } = await import('./engine-modules.ts');
    const poll = (until: AbortSignal): Promise<number> | null => (isToPoll() ? engine.pollRenewalInfo(until) : null);
    const worked = await runSelected(
      ports,
      { selection, keepsOn, poll, open: contextFor, renewOne, onOutcome },
      signal,
    );
    return { managed, worked };
  }

  const engine: Engine = {
    cycle: (selection, onOutcome, signal, keepsOn = false) =>
      run(selection, onOutcome, signal, { polls: true, keepsOn }),

    renew: (selection, onOutcome, signal) => run(selection, onOutcome, signal, { polls: false, keepsOn: false }),

    dryRun: async (selection) => {
      const { dryRun } = await import('./engine-modules.ts');
      await ports.prepare();
      return dryRun(ports, selection);
    },

    rollBack: async (name, signal) => {
      const { rollBack } = await import('./engine-modules.ts');
      return rollBack(await contextFor(signal), name);
    },

    revoke: async (request, signal) => {
      const { revoke } = await import('./engine-modules.ts');
      return revoke(await contextFor(signal), request);
    },

    pollRenewalInfo: async (signal) => {
      if (!store.read((db) => anythingToPoll(db, clock.now()))) return 0;
      const { pollRenewalInfo } = await import('./engine-modules.ts');
      return pollRenewalInfo(await withoutHost(signal));
    },
  };
  return engine;
}
