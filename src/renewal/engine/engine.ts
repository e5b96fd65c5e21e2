import { appliedConfig } from '../state/applied-config.ts';
import { anythingToPoll, countManaged } from '../state/certificate-queries.ts';
import { certificateIfReadable } from '../state/certificate-table.ts';
import type { DryRun } from './dry-run.ts';
import type { EnginePorts, RunContext } from './engine-ports.ts';
import type { Outcome } from './outcome.ts';
import type { RevokeRequest, RevokeResult } from './revoke.ts';
import { anythingDue, selectIds, type Selection } from './select.ts';

/** The work of Everbind over one state folder. The caller holds the lease for everything but dryRun. */
export interface Engine {
  /**
   * Renews what is selected, several at a time, and hands over each outcome as it comes. One failing certificate never
   * stops the others; only the signal does. Returns how many certificates there are and how many were worked on.
   */
  renew(selection: Selection, onOutcome: (outcome: Outcome) => void, signal: AbortSignal): Promise<RunCount>;
  /**
   * One whole run: polls renewal information, which may make certificates due, renews, and polls again for what was
   * renewed, which has no ARI window yet.
   */
  cycle(selection: Selection, onOutcome: (outcome: Outcome) => void, signal: AbortSignal): Promise<RunCount>;
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
    return { ...ports, issuers, deploying: createSemaphore(DEPLOYING), signal };
  }

  const engine: Engine = {
    cycle: async (selection, onOutcome, signal) => {
      await engine.pollRenewalInfo(signal);
      let renewed = false;
      const count = await engine.renew(
        selection,
        (outcome) => {
          renewed ||= outcome.kind === 'renewed';
          onOutcome(outcome);
        },
        signal,
      );
      if (renewed) await engine.pollRenewalInfo(signal);
      return count;
    },

    renew: async (selection, onOutcome, signal) => {
      const managed = store.read(countManaged);
      const now = clock.now();
      if (selection.names.length === 0 && !selection.force && !store.read((db) => anythingDue(db, now))) {
        return { managed, worked: 0 };
      }
      const { renewOne, defer, noteDamaged, tidyUp } = await import('./engine-modules.ts');
      const asked = selection.names.length > 0 || selection.force;
      const context = await contextFor(signal);
      const concurrency = store.read(appliedConfig)?.engine.concurrency ?? 1;
      const ids = selectIds(store.read, selection, clock)[Symbol.iterator]();
      let worked = 0;
      const worker = async (): Promise<void> => {
        for (let next = ids.next(); next.done !== true; next = ids.next()) {
          signal.throwIfAborted();
          const certificate = store.read((db) => certificateIfReadable(db, next.value));
          if (certificate === null) {
            worked += 1;
            onOutcome(await noteDamaged(context, next.value));
            continue;
          }
          if (!asked && (await defer(context, certificate))) continue;
          const outcome = await renewOne(context, certificate);
          // Like a maintenance window: nothing happened that anybody has to read about.
          if (outcome === null || (outcome.kind === 'deferred' && !asked)) continue;
          worked += 1;
          onOutcome(outcome);
        }
      };
      // Whoever stops first, the others have come to rest before the caller closes what they use.
      const ends = await Promise.allSettled(Array.from({ length: concurrency }, worker));
      const stopped = ends.find((end) => end.status === 'rejected');
      if (stopped !== undefined) throw stopped.reason;
      await tidyUp(context);
      return { managed, worked };
    },

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
