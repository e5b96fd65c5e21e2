import type { CertificateKeyAlgorithm } from '../../ports/key-store.ts';
import type { MaintenanceConfig } from '../../ports/maintenance.ts';
import { checkChallenges } from './challenge.ts';
import type { CheckContext } from './context.ts';
import { KEY_PROVIDER } from '../schema/values.ts';
import { type PathStep, quote } from '../config-problem.ts';
import type { SettingsInput } from '../schema/schema.ts';
import { checkMaintenance } from './maintenance.ts';
import { checkDeployment } from './deployment.ts';
import { suggest } from './suggest.ts';
import type { ChallengeRule, DeploymentConfig } from '../types.ts';

const OWN_STORES = ['software', 'cng'];

/** The settings that a certificate, or `defaults`, names itself; null for each that it does not. */
export interface Settings {
  readonly algorithm: CertificateKeyAlgorithm | null;
  readonly provider: string | null;
  readonly reuse: boolean | null;
  readonly issuers: readonly string[] | null;
  readonly challenges: readonly ChallengeRule[] | null;
  readonly deployments: readonly DeploymentConfig[] | null;
  readonly keepOld: number | null;
  readonly maintenance: MaintenanceConfig | null;
}

/** Judges settings that have passed the schema; problems go to the report of the context. */
export function checkSettings(input: SettingsInput, path: readonly PathStep[], context: CheckContext): Settings {
  checkIssuerNames(input.issuers ?? [], [...path, 'issuers'], context);
  return {
    algorithm: input.key?.algorithm ?? null,
    provider: checkProvider(input.key?.provider ?? null, [...path, 'key', 'provider'], context),
    reuse: input.key?.reuse ?? null,
    issuers: input.issuers ?? null,
    challenges: checkChallenges(input, path, context),
    deployments:
      input.deployments?.map((entry, index) => checkDeployment(entry, [...path, 'deployments', index], context)) ??
      null,
    keepOld: input.keepOld ?? null,
    maintenance: checkMaintenance(input.maintenance, [...path, 'maintenance'], context),
  };
}

/** Vendors use several words for a provider. A single word that is nearly ours is a typing error. */
function checkProvider(provider: string | null, path: readonly PathStep[], { report }: CheckContext): string | null {
  if (provider === null || provider.includes(' ')) return provider;
  const meant = suggest(provider, OWN_STORES);
  if (meant !== null) report.problem(path, quote(provider), KEY_PROVIDER, meant);
  return provider;
}

function checkIssuerNames(names: readonly string[], path: readonly PathStep[], context: CheckContext): void {
  // A file without any issuer has that problem reported already.
  if (context.issuerNames.length === 0) return;
  for (const [index, name] of names.entries()) {
    const at = [...path, index];
    if (!context.issuerNames.includes(name)) {
      const known = context.issuerNames.join(', ');
      context.report.problem(at, quote(name), `an issuer of this file: ${known}`, suggest(name, context.issuerNames));
    } else if (names.indexOf(name) !== index) {
      context.report.problem(at, `${quote(name)} again`, 'each issuer once');
    }
  }
}
