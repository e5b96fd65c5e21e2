import { networkInterfaces } from 'node:os';
import { loadConfig } from '../config/load.ts';
import type { CertificateConfig, IssuerConfig } from '../config/types.ts';
import { createResolver } from '../dns/resolver.ts';
import { EverbindError } from '../errors/error.ts';
import { examineCertificate, type KnownIssuer } from '../preflight/certificate.ts';
import type { PreflightFinding } from '../preflight/findings.ts';
import type { NameParts } from '../preflight/name.ts';
import { durableHostBackoff } from '../renewal/issuers/acme/account/account-session.ts';
import { acquireLease, type Lease } from '../store/lease.ts';
import { requireTrustedPath } from '../store/trusted-path.ts';
import { askIssuer, keptAccountKeys, missingSecrets, spentLimits } from './check-issuers.ts';
import type { AgentPaths, Environment } from './environment.ts';
import { fenceTransport } from './fence.ts';
import { openHostParts } from './host-parts.ts';
import { openHostTransport } from './issuer-parts.ts';
import { shareHost } from './shared-host.ts';
import { openState, type State } from './state.ts';

/** A certificate of the configuration with what stands in its way. */
export interface Checked {
  readonly name: string;
  readonly issuers: readonly string[];
  readonly findings: readonly PreflightFinding[];
}

/**
 * Looks at certificates of the configuration file as it stands, all unless named. No account is registered and no order
 * made. Throws RENEWAL_UNKNOWN_CERTIFICATE, and those of the configuration and of the state folder.
 */
export async function checkCertificates(
  paths: AgentPaths,
  environment: Environment,
  names: readonly string[],
  onChecked: (checked: Checked) => void,
): Promise<void> {
  requireTrustedPath(paths.configFile);
  const config = await loadConfig(paths.configFile, environment.deploymentCatalogue);
  const wanted = names.length === 0 ? config.certificates : names.map((name) => named(config.certificates, name));
  const shared = shareHost(environment, () => state.store.requireLease());
  const opened: { close(): void }[] = [];
  const state: State = await openState(paths.stateDir, environment, async () => (await shared.open()).keys);
  let lease: Lease | null = null;
  try {
    lease = await leaseIfFree(state, environment);
    const signal = AbortSignal.any([environment.signal, ...(lease === null ? [] : [lease.lost])]);
    const { solverFor } = await openHostParts(environment, shared, state.store, {
      resolveSecret: (reference) => state.secrets.resolveSecret(reference),
      openTransport: (plain) => {
        const transport = openHostTransport(plain);
        opened.push(transport);
        return Promise.resolve(fenceTransport(transport, () => state.store.requireLease()));
      },
    });
    const lookups = {
      checked: createResolver({ random: environment.random, servers: environment.dnsServers }),
      unchecked: createResolver({ random: environment.random, servers: environment.dnsServers, unchecked: true }),
    };
    const parts: Omit<NameParts, 'accountUrl'> = {
      lookups,
      clock: environment.clock,
      random: environment.random,
      solverFor,
      publicHttpPort: environment.publicHttpPort ?? 80,
      ownAddresses: ownAddresses(),
      mayTry: lease !== null,
    };
    const ports = { store: state.store, clock: environment.clock, random: environment.random };
    const asked = new Map<string, Promise<KnownIssuer | PreflightFinding>>();
    const ask = (issuer: IssuerConfig): Promise<KnownIssuer | PreflightFinding> => {
      const backoffs = durableHostBackoff(ports, issuer.directory);
      const response = asked.get(issuer.name) ?? askIssuer(state, environment, issuer, backoffs, opened);
      asked.set(issuer.name, response);
      return response;
    };
    for (const certificate of wanted) {
      signal.throwIfAborted();
      const issuers = config.issuers.filter(({ name }) => certificate.issuers.includes(name));
      const responses = await Promise.all(issuers.map(ask));
      const known = responses.flatMap((response) => ('directory' in response ? [response] : []));
      const unreachable = responses.flatMap((response) => ('directory' in response ? [] : [response]));
      const findings = [
        ...(await examineCertificate(parts, certificate, known, signal)),
        ...unreachable,
        ...keptAccountKeys(state, known),
        ...(await missingSecrets(state, issuers)),
        ...spentLimits(state, certificate, environment.clock.now()),
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

function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((list) => list?.map(({ address }) => address) ?? []);
}

/** Null while another Everbind works: everything but trying a challenge can be done beside it. */
async function leaseIfFree({ store }: State, { clock }: Environment): Promise<Lease | null> {
  try {
    return await acquireLease(store, clock);
  } catch (error) {
    if (error instanceof EverbindError && error.code === 'STORE_LEASE_HELD') return null;
    throw error;
  }
}
