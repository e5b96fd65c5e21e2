import type { CertificateConfig, ChallengeConfig } from '../config/types.ts';
import type { Identifier } from '../pki/x509/names.ts';
import { type AddressParts, examineAddresses } from './addresses.ts';
import { findAddresses, type Lookups } from './dns.ts';
import { finding, type PreflightFinding } from './findings.ts';
import { type TrialParts, tryChallenge } from './try-challenge.ts';
import { examineWays, waysFor } from './ways.ts';

export interface NameParts extends AddressParts, TrialParts {
  readonly lookups: Lookups;
  /** Whether challenges may be tried; not while another Everbind is running. */
  readonly mayTry: boolean;
}

/** What would keep one name from being validated, whichever the CA. */
export async function examineName(
  parts: NameParts,
  certificate: CertificateConfig,
  identifier: Identifier,
  signal: AbortSignal,
): Promise<readonly PreflightFinding[]> {
  const { type, value: name } = identifier;
  const host = name.startsWith('*.') ? name.slice(2) : name;
  let addresses: readonly string[] = [host];
  if (type === 'dns') {
    const found = await findAddresses(parts.lookups, host, signal);
    if ('failed' in found) return [{ ...found.failed, name }];
    addresses = [...found.ipv4, ...found.ipv6];
  }
  return examineWays(waysFor(certificate, identifier), (way) => examineWay(parts, identifier, way, addresses, signal));
}

async function examineWay(
  parts: NameParts,
  identifier: Identifier,
  config: ChallengeConfig,
  addresses: readonly string[],
  signal: AbortSignal,
): Promise<readonly PreflightFinding[]> {
  const name = identifier.value;
  if (addresses.length === 0 && !config.type.startsWith('dns-')) {
    return [finding('no-address', `${name} has neither an A nor an AAAA record`, { name })];
  }
  // Only the CA and our account know what the record must say: `everbind dns persist` checks it.
  if (config.type === 'dns-persist-01') return [];
  // Without an account the record has no name yet.
  if (config.type === 'dns-account-01' && parts.accountUrl === null) return [];
  if (!parts.mayTry) {
    const what = 'another Everbind is at work, so the validation was not tried';
    return [finding('validation-not-tried', what, { name })];
  }
  return tryChallenge(parts, identifier, config, (task) => examineAddresses(parts, task, addresses, signal), signal);
}
