import { checkIssued } from '../src/pki/check-issued.ts';
import { createEngine, type Engine } from '../src/renewal/engine/engine.ts';
import type { EnginePorts } from '../src/renewal/engine/engine-ports.ts';
import { type AcmeAccounts, createAcmeAccounts } from '../src/renewal/issuers/acme/acme-accounts.ts';
import { createAcmeIssuers } from '../src/renewal/issuers/acme/acme-issuer.ts';
import type { AcmePorts } from '../src/renewal/issuers/acme/acme-ports.ts';
import { previewOrder } from '../src/renewal/issuers/acme/order/preview.ts';

/**
 * What a test or a bench gives: the ports of ACME issuers, where certificates go, and whatever is to be otherwise than
 * usual.
 */
export type AcmeEnginePorts = AcmePorts & Pick<EnginePorts, 'deploymentFor'> & Partial<EnginePorts>;

/** An engine over ACME issuers, put together as the agent does it. */
export function acmeEngine(ports: AcmeEnginePorts): { readonly engine: Engine; readonly accounts: AcmeAccounts } {
  const { store, clock } = ports;
  return {
    engine: createEngine({
      prepare: async () => {},
      openIssuers: async (signal) => createAcmeIssuers(ports, signal),
      checkIssued: async (check) => checkIssued(check),
      previewOrder: async (certificate) => store.read((db) => previewOrder(db, certificate, clock.now())),
      ...ports,
    }),
    accounts: createAcmeAccounts(ports),
  };
}
