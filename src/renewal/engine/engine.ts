import type { Rollover } from '../issuers/acme/account/rollover.ts';
import { appliedConfig } from '../state/applied-config.ts';
import type { RunContext } from './run-context.ts';
import { anythingDue, countManaged, selectIds, type Selection } from './select.ts';
import type { DryRun } from './dry-run.ts';
import type { EnginePorts } from './engine-ports.ts';
import type { PersistRecord } from '../issuers/acme/account/persist-records.ts';
import { certificateById } from '../state/rows.ts';
import type { RevokeRequest, RevokeResult } from './revoke.ts';
import type { Outcome } from '../state/types.ts';
import { renewalInfoToPoll } from './windows-to-ask.ts';

/** The work of Everbind over one state folder. The caller holds the lease for everything but dryRun. */
export interface Engine {
  /**
   * Renews what is selected, several at a time, and hands over each outcome as it comes. One failing certificate never stops the others;
   * only the signal does. Returns how many certificates there are and how many were worked on.
   */
  renew(selection: Selection, onOutcome: (outcome: Outcome) => void, signal: AbortSignal): Promise<RunCount>;
  /** What renewing would do. Changes nothing, neither here nor at the CA. */
  dryRun(selection: Selection): Promise<readonly DryRun[]>;
  /** Puts the previous certificate back to use, verified like a renewal. */
  rollBack(name: string, signal: AbortSignal): Promise<Outcome>;
  /** Revokes the active certificate at its CA; a new one is due at once. */
  revoke(request: RevokeRequest, signal: AbortSignal): Promise<RevokeResult>;
  /** Gives the account with this issuer a new key, now. */
  rollOverAccount(issuer: string, signal: AbortSignal): Promise<Rollover>;
  /** The lasting records that dns-persist-01 needs for this certificate, and whether they are there. */
  persistRecords(name: string, signal: AbortSignal): Promise<readonly PersistRecord[]>;
  /** Asks the CAs for the renewal windows (RFC 9773) whose time to ask has come. Errors stop nothing. Returns how many were asked for. */
  pollRenewalInfo(signal: AbortSignal): Promise<number>;
}

export interface RunCount {
  readonly managed: number;
  readonly worked: number;
}

/** Certificates that are installed, bound and verified at the same time. */
const DEPLOYING = 8;

/** Modules that talk to CAs are loaded when there is something to do: looking for what is due costs next to nothing. */
export function createEngine(parts: EnginePorts): Engine {
  const { store, clock } = parts;

  async function contextFor(signal: AbortSignal): Promise<RunContext> {
    await parts.prepare();
    return talkToCas(signal);
  }

  /** What needs no web server. */
  async function talkToCas(signal: AbortSignal): Promise<RunContext> {
    const { createIssuerSessions, stagingOf, createJournal, createSemaphore } = await import('./engine-modules.ts');
    return {
      ...parts,
      journal: createJournal(store, (event) => parts.onProgress?.(event)),
      sessions: createIssuerSessions(parts, (config) => config),
      stagingSessions: createIssuerSessions(parts, stagingOf),
      deploying: createSemaphore(DEPLOYING),
      signal,
    };
  }

  return {
    renew: async (selection, onOutcome, signal) => {
      const managed = store.read(countManaged);
      const now = clock.now();
      if (selection.names.length === 0 && !selection.force && !store.read((db) => anythingDue(db, now))) {
        return { managed, worked: 0 };
      }
      const { renewOne, defer, tidyUp } = await import('./engine-modules.ts');
      const asked = selection.names.length > 0 || selection.force;
      const context = await contextFor(signal);
      const concurrency = store.read(appliedConfig)?.engine.concurrency ?? 1;
      const ids = selectIds(store.read, selection, clock)[Symbol.iterator]();
      let worked = 0;
      const worker = async (): Promise<void> => {
        for (let next = ids.next(); next.done !== true; next = ids.next()) {
          signal.throwIfAborted();
          const certificate = store.read((db) => certificateById(db, next.value));
          if (certificate === null) continue;
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
      await parts.prepare();
      return dryRun(parts, selection);
    },

    rollBack: async (name, signal) => {
      const { rollBack } = await import('./engine-modules.ts');
      return rollBack(await contextFor(signal), name);
    },

    revoke: async (request, signal) => {
      const { revoke } = await import('./engine-modules.ts');
      return revoke(await contextFor(signal), request);
    },

    rollOverAccount: async (issuer, signal) => {
      const { requireAccount, rollOver, deleteScheduledKeys } = await import('./engine-modules.ts');
      requireAccount(parts, issuer);
      const context = await talkToCas(signal);
      const done = await rollOver(context, issuer);
      await deleteScheduledKeys(context);
      return done;
    },

    persistRecords: async (name, signal) => {
      const { persistRecords } = await import('./engine-modules.ts');
      await parts.prepare();
      return persistRecords(await talkToCas(signal), name);
    },

    pollRenewalInfo: async (signal) => {
      if (renewalInfoToPoll(store, clock.now(), 1).length === 0) return 0;
      const { pollRenewalInfo } = await import('./engine-modules.ts');
      return pollRenewalInfo(await talkToCas(signal));
    },
  };
}
