import { createResolver } from '../dns/resolver.ts';
import { examineOrder } from '../preflight/certificate.ts';
import type { FindingCode } from '../preflight/findings.ts';
import type { Obstacle, PlannedOrder } from '../renewal/issuers/acme/acme-ports.ts';
import type { Environment } from './environment.ts';

/** DNS that does not answer keeps no renewal waiting for longer. */
const LIMIT_MS = 30_000;

/** What a CA refuses without fail: its own word, and records that it reads as we do. */
const CERTAIN: ReadonlySet<FindingCode> = new Set<FindingCode>(['caa-forbids', 'profile-unknown', 'too-many-names']);

/**
 * Looks at an order as `everbind check` does, without putting anything in place; nothing found where DNS takes too
 * long.
 */
export async function preflightOrder(
  { random, dnsServers: servers }: Pick<Environment, 'random' | 'dnsServers'>,
  { config, directory, accountUrl, certificate }: PlannedOrder,
  signal: AbortSignal,
): Promise<readonly Obstacle[]> {
  const lookups = {
    checked: createResolver({ random, servers }),
    unchecked: createResolver({ random, servers, unchecked: true }),
  };
  const limit = AbortSignal.timeout(LIMIT_MS);
  try {
    const issuer = { config, directory, accountUrl };
    const findings = await examineOrder(lookups, certificate, issuer, AbortSignal.any([signal, limit]));
    return findings.map(({ code, severity, name, what }) => ({
      code,
      name,
      what,
      certain: severity === 'fails' && CERTAIN.has(code),
    }));
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted) return [];
    throw error;
  }
}
