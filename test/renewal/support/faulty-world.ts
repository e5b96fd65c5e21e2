import { join } from 'node:path';
import { acmeEngine } from '../../../lab/acme-engine.ts';
import { createLabCa } from '../../../lab/test-ca.ts';
import type { State } from '../../../src/agent/state.ts';
import { createAuditKey } from '../../../src/custody/audit-key.ts';
import { createKeyCustody } from '../../../src/custody/custody.ts';
import { masterKeyFile } from '../../../src/custody/sealing/master-key-file.ts';
import { createSealer } from '../../../src/custody/sealing/sealer.ts';
import { createSoftwareKeyStore } from '../../../src/custody/software/store.ts';
import { systemRandom } from '../../../src/net/system.ts';
import { checkIssued } from '../../../src/pki/check-issued.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Deployment } from '../../../src/ports/deployment.ts';
import type { Issuer, Issuers } from '../../../src/ports/issuer.ts';
import type { Outcome } from '../../../src/renewal/engine/outcome.ts';
import type { Selection } from '../../../src/renewal/engine/select.ts';
import { certificateByName, type ManagedCertificate } from '../../../src/renewal/state/certificate-table.ts';
import { openRenewalIfReadable, type RenewalStep } from '../../../src/renewal/state/renewal-table.ts';
import { openStore } from '../../../src/store/store.ts';
import { type SettableClock, settableClock } from './obtain-clock.ts';
import { applyText, withFolder } from './obtain-state.ts';
import { createUseServer, type Method } from './use-server.ts';

// A state folder whose engine meets one fault at a time, at any place where it asks somebody else.

/** Where the engine asks somebody else. */
export type Place =
  | `issuer ${'prepare' | 'issue' | 'order-requested' | 'ordered' | 'authorized' | 'certificate'}`
  | `key ${'generate' | 'open' | 'attach'}`
  | 'check'
  | 'deployment'
  | `${Method | 'look'} ${'before' | 'after'}`
  | `commit at ${RenewalStep | 'nothing'}`;

/** What goes wrong there. */
export interface Fault {
  readonly places: readonly Place[];
  /** What visitors get is the wrong certificate. */
  readonly notServed: boolean;
  error(): unknown;
}

export interface FaultyWorld {
  readonly clock: SettableClock;
  /** Of the certificate under test. */
  fault: Fault | null;
  /** How often the fault was met since this was set to 0. */
  met: number;
  certificate(name: string): ManagedCertificate;
  openStep(name: string): RenewalStep | null;
  makeDue(name: string): Promise<void>;
  /** The outcome of this certificate; null when there was none, or the run itself failed. */
  renew(name: string, selection: Selection): Promise<Outcome | null>;
  rollBack(name: string): Promise<Outcome | null>;
}

/** As openState does it, but without a wait for the disk: nothing dies here. */
function withVolatileState(clock: Clock, work: (state: Pick<State, 'store' | 'keys'>) => Promise<void>): Promise<void> {
  return withFolder(async (folder) => {
    const store = openStore({ path: join(folder, 'everbind.db'), clock, volatile: true });
    try {
      const sealer = createSealer({ store, protector: masterKeyFile(join(folder, 'master.key')), clock });
      store.signWith(await createAuditKey({ store, sealer, clock }));
      await work({
        store,
        keys: createKeyCustody({ software: createSoftwareKeyStore({ store, sealer, clock }), hostKeys: never }),
      });
    } finally {
      await store.close();
    }
  });
}

const DAY = 86_400_000;
const HOUR = 3_600_000;

/** `certificates`: YAML of the list. */
export function withFaultyWorld(certificates: string, work: (world: FaultyWorld) => Promise<void>): Promise<void> {
  const clock = settableClock();
  return withVolatileState(clock, async (state) => {
    const { store, keys } = state;
    const ca = await createLabCa('Faulty Root');
    const roots = [ca.der];
    const server = createUseServer();
    let subject = '';

    const meet = (name: string, place: Place): void => {
      const { fault } = world;
      if (fault === null || name !== subject || !fault.places.includes(place)) return;
      world.met += 1;
      throw fault.error();
    };

    let orders = 0;
    const issuer: Issuer = {
      prepare: async ({ name }) => meet(name, 'issuer prepare'),
      issue: async (begun, signer, journal) => {
        const { name } = begun;
        const accountUrl = 'https://desk.test/account';
        meet(name, 'issuer issue');
        let request = begun;
        if (!('orderUrl' in request.state)) {
          request = await journal.note(request, { step: 'order-requested' }, { type: 'order.requested', data: {} });
          meet(name, 'issuer order-requested');
          const orderUrl = `https://desk.test/order/${(orders += 1)}`;
          const event = { type: 'order.created', data: {} };
          request = await journal.note(request, { step: 'ordered', orderUrl, accountUrl }, event);
        }
        meet(name, 'issuer ordered');
        if (request.state.step === 'ordered') {
          const { orderUrl } = request.state;
          const state = { step: 'authorized', orderUrl, accountUrl, authorizedAt: clock.now() } as const;
          request = await journal.note(request, state, { type: 'order.ready', data: {} });
        }
        meet(name, 'issuer authorized');
        const names = request.identifiers.map(({ value }) => value);
        const validity = { notBefore: new Date(clock.now() - HOUR), notAfter: new Date(clock.now() + 90 * DAY) };
        const chain = [await ca.certify({ names, ...validity }, signer.publicKey)];
        meet(name, 'issuer certificate');
        return { chain, accountUrl, roots };
      },
      abandon: async () => {},
      revoke: async () => ({ already: false }),
      renewalInformation: async () => null,
    };
    const issuers: Issuers = { open: () => issuer, tidyUp: async () => {} };

    server.trouble = ({ method, target }, moment) => {
      meet(target.split(':')[0] ?? '', `${method} ${moment}`);
      const wrong = world.fault?.notServed === true && target.startsWith(`${subject}:`) && method === 'verify';
      return wrong ? 'wrong' : undefined;
    };
    const looking = (name: string, deployment: Deployment): Deployment => ({
      ...deployment,
      install: (material) =>
        deployment.install({
          ...material,
          attach: async () => {
            meet(name, 'key attach');
            return material.attach();
          },
        }),
      look: async (plan) => {
        meet(name, 'look before');
        const seen = await deployment.look(plan);
        meet(name, 'look after');
        return seen;
      },
    });

    const { engine } = acmeEngine({
      ...state,
      store: {
        ...store,
        commit: async (job, options) => {
          const id = store.read((db) => certificateByName(db, subject)?.id);
          const open = id === undefined ? null : store.read((db) => openRenewalIfReadable(db, id));
          meet(subject, `commit at ${open?.step ?? 'nothing'}`);
          return store.commit(job, options);
        },
      },
      keys: {
        ...keys,
        generate: async (handle, algorithm) => {
          meet(subject, 'key generate');
          await keys.generate(handle, algorithm);
        },
        open: async (handle) => {
          meet(subject, 'key open');
          return keys.open(handle);
        },
      },
      clock,
      random: systemRandom,
      userAgent: '',
      transportFor: never,
      rootsFor: never,
      solverFor: () => {
        throw new Error('these issuers have no challenges');
      },
      resolveSecret: never,
      openIssuers: async () => issuers,
      checkIssued: async (check) => {
        meet(subject, 'check');
        return checkIssued(check);
      },
      deploymentFor: async (config, certificate) => {
        meet(certificate.name, 'deployment');
        return looking(certificate.name, server.deploymentFor(config, certificate));
      },
    });

    const ofSubject = async (name: string, run: (told: (outcome: Outcome) => void) => Promise<unknown>) => {
      subject = name;
      let found: Outcome | null = null;
      try {
        await run((outcome) => {
          if (outcome.name === name) found = outcome;
        });
      } catch (error) {
        // What ends a whole run: the database, for one. Without a fault nothing does.
        if (world.fault === null) throw error;
      }
      return found as Outcome | null;
    };
    const signal = new AbortController().signal;
    const world: FaultyWorld = {
      clock,
      fault: null,
      met: 0,
      certificate: (name) => {
        const certificate = store.read((db) => certificateByName(db, name));
        if (certificate === null) throw new Error(`no ${name}`);
        return certificate;
      },
      openStep: (name) =>
        store.read((db) => openRenewalIfReadable(db, certificateByName(db, name)?.id ?? -1))?.step ?? null,
      makeDue: (name) =>
        store.commit(
          ({ db }) =>
            void db
              .prepare("UPDATE certificate SET next_due = ?, due_reason = 'lifetime' WHERE name = ?")
              .run(clock.now(), name),
        ),
      renew: (name, selection) => ofSubject(name, (told) => engine.renew(selection, told, signal)),
      rollBack: (name) => ofSubject(name, async (told) => told(await engine.rollBack(name, signal))),
    };
    await applyText(
      state,
      clock,
      `version: 1\nissuers: [{ name: desk, directory: "https://desk.test/" }]\nengine: { concurrency: 1 }\ncertificates: ${certificates}\n`,
    );
    await work(world);
  });
}

const never = (): Promise<never> => Promise.reject(new Error('nobody asks for this here'));
