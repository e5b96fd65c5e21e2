import { type Identifier, identifierKey } from '../../pki/x509/names.ts';
import { canValidate, challengeFor } from '../challenge-for.ts';
import { defaultDeployments } from './deployment.ts';
import { checkSettings, type Settings } from './settings.ts';
import type { CheckContext } from './context.ts';
import { DEFAULT_CHALLENGE, DEFAULTS } from '../defaults.ts';
import { type PathStep, quote } from '../config-problem.ts';
import type { Report } from '../report.ts';
import type { CertificateInput } from '../schema/schema.ts';
import type { CertificateConfig, ChallengeRule } from '../types.ts';

const SILENT: ChallengeRule = { patterns: ['*'], challenge: DEFAULT_CHALLENGE };

/**
 * A certificate with all defaults applied; null when something is wrong with it, which is reported. `defaults` is null
 * when that section is wrong itself; then nothing is reported about settings that would come from it.
 */
export function checkCertificate(
  input: CertificateInput,
  path: readonly PathStep[],
  defaults: Settings | null,
  context: CheckContext,
): CertificateConfig | null {
  const own = checkSettings(input, path, context);
  const identifiers = input.names;
  const distinct = checkDistinct(identifiers, [...path, 'names'], context.report);
  const issuers = own.issuers ?? defaults?.issuers ?? onlyIssuer(context);
  if (issuers === null && defaults !== null && context.issuerNames.length > 0) {
    const expected = `issuers, here or under defaults: one or more of ${context.issuerNames.join(', ')}`;
    context.report.problem(path, 'a certificate without an issuer', expected);
  }
  const challenges = own.challenges ?? (defaults === null ? null : (defaults.challenges ?? [SILENT]));
  if (challenges !== null) {
    for (const [index, identifier] of identifiers.entries()) {
      checkChallengeFor(identifier, { challenges }, [...path, 'names', index], context);
    }
  }
  if (!distinct || issuers === null || challenges === null) return null;
  return {
    name: input.name,
    identifiers,
    key: {
      algorithm: own.algorithm ?? defaults?.algorithm ?? DEFAULTS.keyAlgorithm,
      provider: own.provider ?? defaults?.provider ?? DEFAULTS.keyProvider,
      reuse: own.reuse ?? defaults?.reuse ?? DEFAULTS.reuseKey,
    },
    issuers,
    challenges,
    deployments: own.deployments ?? defaults?.deployments ?? defaultDeployments(context),
    keepOld: own.keepOld ?? defaults?.keepOld ?? DEFAULTS.keepOld,
    maintenance: own.maintenance ?? defaults?.maintenance ?? null,
  };
}

function onlyIssuer({ issuerNames }: CheckContext): readonly string[] | null {
  return issuerNames.length === 1 ? issuerNames : null;
}

/** RFC 8555 section 7.1.4 reserves wildcards for challenges by DNS; RFC 8738 section 7 forbids those for addresses. */
function checkChallengeFor(
  identifier: Identifier,
  rules: { readonly challenges: readonly ChallengeRule[] },
  path: readonly PathStep[],
  { report }: CheckContext,
): void {
  const challenge = challengeFor(rules, identifier);
  const name = quote(identifier.value);
  if (challenge === null) {
    report.problem(
      path,
      `${name}, which no entry of challenges is for`,
      'an entry whose names fit it, or a last one with "*"',
    );
  } else if (!canValidate(challenge.type, identifier) && identifier.type === 'dns') {
    report.problem(
      path,
      `the wildcard ${name} with ${challenge.type}`,
      'a challenge of type dns-01 or dns-persist-01 for it',
    );
  } else if (!canValidate(challenge.type, identifier)) {
    report.problem(
      path,
      `the IP address ${name} with ${challenge.type}`,
      'a challenge of type http-01 or tls-alpn-01 for it',
    );
  }
}

/** Reports names that are listed twice, however they are written. Returns whether there are none. */
function checkDistinct(names: readonly Identifier[], path: readonly PathStep[], report: Report): boolean {
  const seen = new Map<string, number>();
  let distinct = true;
  for (const [index, identifier] of names.entries()) {
    const first = seen.get(identifierKey(identifier));
    if (first === undefined) seen.set(identifierKey(identifier), index);
    else {
      distinct = false;
      const found = `${quote(identifier.value)}, the same name as names[${first}]`;
      report.problem([...path, index], found, 'each name once');
    }
  }
  return distinct;
}
