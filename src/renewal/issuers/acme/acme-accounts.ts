import { destroyDueKeys } from '../../state/key-deletions.ts';
import { type PersistRecord, persistRecords } from './account/persist-records.ts';
import { requireAccount, rollOver, type Rollover } from './account/rollover.ts';
import { createAcmeRun } from './account/issuer-session.ts';
import type { AcmePorts } from './acme-ports.ts';

/** What a person has done with our accounts at ACME CAs. The caller holds the lease. */
export interface AcmeAccounts {
  /** Gives the account with this issuer a new key, now. Errors: those of rollOver. */
  rollOver(issuer: string, signal: AbortSignal): Promise<Rollover>;
  /**
   * The lasting records that dns-persist-01 needs for this certificate, and whether they are there. Errors: those of
   * persistRecords.
   */
  persistRecords(name: string, signal: AbortSignal): Promise<readonly PersistRecord[]>;
}

export function createAcmeAccounts(ports: AcmePorts): AcmeAccounts {
  return {
    rollOver: async (issuer, signal) => {
      requireAccount(ports, issuer);
      const done = await rollOver(createAcmeRun(ports, signal), issuer);
      await destroyDueKeys(ports.store, ports.keys, ports.clock);
      return done;
    },
    persistRecords: (name, signal) => persistRecords(createAcmeRun(ports, signal), name),
  };
}
