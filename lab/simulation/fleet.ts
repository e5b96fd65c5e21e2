import { DEFAULT_CHALLENGE, DEFAULTS } from '../../src/config/defaults.ts';
import type { CertificateConfig, Config, IssuerConfig } from '../../src/config/types.ts';
import type { MaintenanceConfig } from '../../src/ports/maintenance.ts';
import { byShare, type CaProfile, type Lifetime } from './cas.ts';
import type { SeededRandom } from './random.ts';

/** What changed with a configuration; names of certificates. */
export interface FleetChange {
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** A new certificate is wanted at once. */
  readonly changed: readonly string[];
}

/** The declared certificates of a simulation, as somebody edits them. */
export interface Fleet {
  readonly certificates: ReadonlyMap<string, CertificateConfig>;
  /** Milliseconds; what every CA gives this certificate. */
  lifetimeOf(name: string): number;
  /** Declares so many more. */
  grow(count: number): FleetChange;
  /**
   * A day's edits: some leave, as many come, some get another name or another first CA. `move`: many get another first
   * CA.
   */
  edit(move: boolean): FleetChange;
  /** As if it were read from a file. */
  config(): Config;
}

const nightly: MaintenanceConfig = {
  timeZone: 'Europe/Berlin',
  windows: [{ days: [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, nth: null })), from: 22 * 60, to: 4 * 60 }],
  freezes: [],
};

/** Of ten thousand: leave at each edit, get another name, get another first CA, are moved at once. */
const LEAVE = 0.003;
const RENAME = 0.002;
const REORDER = 0.002;
const MOVE = 0.04;
/** Have maintenance windows. */
const MAINTAINED = 0.02;
const DOMAIN_SIZE = 20;

export function createFleet(cas: readonly CaProfile[], kinds: readonly Lifetime[], random: SeededRandom): Fleet {
  const certificates = new Map<string, CertificateConfig>();
  const lifetimes = new Map<string, number>();
  const left: string[] = [];
  const issuers = cas.map(issuerConfig);
  let count = 0;
  let edits = 0;

  function declare(): string {
    // Somebody takes one back now and then.
    const back = left.length > 20 && random.uniform() < 0.2 ? left.shift() : undefined;
    const name = back ?? `c${count}`;
    const value = `${name}.d${Math.floor(count / DOMAIN_SIZE)}.test`;
    if (back === undefined) count += 1;
    if (!lifetimes.has(name)) lifetimes.set(name, byShare(kinds, random.uniform()).ms);
    certificates.set(name, {
      name,
      identifiers: [{ type: 'dns', value }],
      key: { algorithm: DEFAULTS.keyAlgorithm, provider: DEFAULTS.keyProvider, reuse: false },
      issuers: drawIssuers(),
      challenges: [{ patterns: ['*'], challenge: DEFAULT_CHALLENGE }],
      deployments: [],
      keepOld: DEFAULTS.keepOld,
      maintenance: random.uniform() < MAINTAINED ? nightly : null,
    });
    return name;
  }

  /** By their shares of the fleet; three in ten certificates have one, two in ten have three. */
  function drawIssuers(): string[] {
    const draw = random.uniform();
    const drawn: CaProfile[] = [];
    for (const count = draw < 0.3 ? 1 : draw < 0.8 ? 2 : 3; drawn.length < count; ) {
      const others = cas.filter((ca) => !drawn.includes(ca));
      drawn.push(byShare(others, random.uniform()));
    }
    return drawn.map(({ name }) => name);
  }

  const some = (part: number): string[] => {
    const names = [...certificates.keys()];
    return [...new Set(Array.from({ length: Math.ceil(names.length * part) }, () => random.pick(names)))];
  };

  const change = (names: readonly string[], edit: (before: CertificateConfig) => CertificateConfig): void => {
    for (const name of names) {
      const before = certificates.get(name);
      if (before !== undefined) certificates.set(name, edit(before));
    }
  };

  return {
    certificates,
    lifetimeOf: (name) => lifetimes.get(name) ?? Number.NaN,
    grow: (more) => {
      edits += 1;
      return { added: Array.from({ length: more }, declare), removed: [], changed: [] };
    },
    edit: (move) => {
      edits += 1;
      const removed = some(LEAVE);
      for (const name of removed) certificates.delete(name);
      left.push(...removed);
      const renamed = some(RENAME);
      change(renamed, (before) => {
        const [first] = before.identifiers;
        const value = `www${random.below(1e6)}.${first?.value ?? ''}`;
        return { ...before, identifiers: first === undefined ? [] : [first, { type: 'dns', value }] };
      });
      const reordered = some(move ? MOVE : REORDER).filter(
        (name) => (certificates.get(name)?.issuers.length ?? 0) > 1 && !renamed.includes(name),
      );
      change(reordered, (before) => ({
        ...before,
        issuers: [...before.issuers.slice(1), ...before.issuers.slice(0, 1)],
      }));
      const added = removed.map(declare);
      return { added, removed: removed.filter((name) => !added.includes(name)), changed: [...renamed, ...reordered] };
    },
    config: () => {
      return {
        version: 1,
        file: '/simulation/everbind.yaml',
        fingerprint: `edit-${edits}`,
        engine: { concurrency: 64 },
        issuers,
        certificates: [...certificates.values()],
        warnings: [],
      };
    },
  };
}

/** With the limits that the CA publishes. */
function issuerConfig({ name, orders, domain, exactSet, exemptsRenewals }: CaProfile): IssuerConfig {
  const stated = ({ capacity, refillMs }: CaProfile['orders']) => ({
    count: capacity,
    hours: (capacity * refillMs) / 3_600_000,
  });
  return {
    name,
    directory: `https://${name}.test/directory`,
    staging: null,
    contacts: [],
    termsOfServiceAgreed: true,
    accountKey: 'ec-p256',
    accountKeyRolloverDays: 0,
    externalAccountBinding: null,
    profile: null,
    preferredIssuer: null,
    maxNames: null,
    limits: {
      known: false,
      exemptRenewals: exemptsRenewals,
      orders: stated(orders),
      certificatesPerDomain: stated(domain),
      certificatesPerSet: stated(exactSet),
    },
    trustRoots: [],
    certificateRoots: [],
    allowInsecureLoopback: false,
  };
}
