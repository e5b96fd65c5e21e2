import { loadConfig } from '../config/load.ts';
import type { CertificateConfig, IssuerConfig } from '../config/types.ts';
import { createResolver } from '../dns/resolver.ts';
import { EverbindError } from '../errors/error.ts';
import { examineCertificate, type KnownIssuer } from '../preflight/certificate.ts';
import type { Finding } from '../preflight/findings.ts';
import type { NameParts } from '../preflight/name.ts';
import { keptHolds } from '../renewal/state/host-backoff.ts';
import { acquireLease, type Lease } from '../store/lease.ts';
import { askIssuer, missingSecrets, spentLimits } from './check-issuers.ts';
import type { Globals } from '../cli/globals.ts';
import { openHostParts } from './host-parts.ts';
import { openHostTransport } from './issuer-parts.ts';
import { shareHost } from './shared-host.ts';
import { openState, type State } from './state.ts';
import type { World } from '../cli/environment.ts';

/** A certificate of the configuration with what stands in its way. */
export interface Checked {
  readonly name: string;
  readonly issuers: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Looks at certificates of the configuration file as it stands, all unless named. No account is registered and no order made. Throws
 * RENEWAL_UNKNOWN_CERTIFICATE, and those of the configuration and of the state folder.
 */
export async function checkCertificates(
  globals: Globals,
  world: World,
  names: readonly string[],
  onChecked: (checked: Checked) => void,
): Promise<void> {
  const config = await loadConfig(globals.configFile);
  const wanted = names.length === 0 ? config.certificates : names.map((name) => named(config.certificates, name));
  const shared = shareHost(world);
  const opened: { close(): void }[] = [];
  const state = await openState(globals.stateDir, world, async () => (await shared.open()).keys);
  let lease: Lease | null = null;
  try {
    lease = await leaseIfFree(state, world);
    const signal = AbortSignal.any([world.signal, ...(lease === null ? [] : [lease.lost])]);
    const { solverFor } = await openHostParts(
      world,
      shared,
      state.store,
      { deployments: false },
      {
        resolveSecret: (reference) => state.secrets.resolveSecret(reference),
        openTransport: (plain) => {
          const transport = openHostTransport(plain);
          opened.push(transport);
          return Promise.resolve(transport);
        },
      },
    );
    const lookups = {
      checked: createResolver({ random: world.random, servers: world.dnsServers }),
      unchecked: createResolver({ random: world.random, servers: world.dnsServers, unchecked: true }),
    };
    const parts: Omit<NameParts, 'accountUrl'> = {
      lookups,
      clock: world.clock,
      random: world.random,
      solverFor,
      publicHttpPort: world.publicHttpPort ?? 80,
      mayProve: lease !== null,
    };
    const holds = keptHolds({ store: state.store, clock: world.clock, random: world.random });
    const asked = new Map<string, Promise<KnownIssuer | Finding>>();
    const ask = (issuer: IssuerConfig): Promise<KnownIssuer | Finding> => {
      const answer = asked.get(issuer.name) ?? askIssuer(state, world, issuer, holds, opened);
      asked.set(issuer.name, answer);
      return answer;
    };
    for (const certificate of wanted) {
      signal.throwIfAborted();
      const issuers = config.issuers.filter(({ name }) => certificate.issuers.includes(name));
      const answers = await Promise.all(issuers.map(ask));
      const known = answers.flatMap((answer) => ('directory' in answer ? [answer] : []));
      const unreachable = answers.flatMap((answer) => ('directory' in answer ? [] : [answer]));
      const findings = [
        ...(await examineCertificate(parts, certificate, known, signal)),
        ...unreachable,
        ...(await missingSecrets(state, issuers)),
        ...spentLimits(state, certificate, world.clock.now()),
      ];
      onChecked({ name: certificate.name, issuers: certificate.issuers, findings });
    }
  } finally {
    await lease?.release();
    for (const transport of opened) transport.close();
    await shared.close();
    await state.close();
  }
}

function named(certificates: readonly CertificateConfig[], name: string): CertificateConfig {
  const found = certificates.find((certificate) => certificate.name === name);
  if (found !== undefined) return found;
  throw new EverbindError('RENEWAL_UNKNOWN_CERTIFICATE', `there is no certificate ${name} in the configuration`, {
    name,
  });
}

/** Null while another Everbind works: everything but the proofs can be looked at beside it. */
async function leaseIfFree({ store }: State, { clock }: World): Promise<Lease | null> {
  try {
    return await acquireLease(store, clock);
  } catch (error) {
    if (error instanceof EverbindError && error.code === 'STORE_LEASE_HELD') return null;
    throw error;
  }
}
