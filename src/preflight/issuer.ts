import type { Directory } from '../acme/messages/directory.ts';
import type { IssuerConfig } from '../config/types.ts';
import { finding, type PreflightFinding } from './findings.ts';

/** What the directory of a CA says against an order, before one is made. `registered`: there is an account with it. */
export function examineIssuer(
  config: IssuerConfig,
  { meta }: Directory,
  registered: boolean,
): readonly PreflightFinding[] {
  const { name: issuer, profile } = config;
  const findings: PreflightFinding[] = [];
  if (!registered && meta.termsOfService !== null && !config.termsOfServiceAgreed) {
    const what = `${issuer} has terms of service (${meta.termsOfService}) that were not agreed to`;
    findings.push(finding('terms-not-agreed', what, { issuer }));
  }
  if (!registered && meta.externalAccountRequired && config.externalAccountBinding === null) {
    findings.push(finding('external-account-missing', `${issuer} wants an external account binding`, { issuer }));
  }
  if (profile !== null && meta.profiles?.has(profile) !== true) {
    const names = [...(meta.profiles?.keys() ?? [])];
    const has = names.length === 0 ? 'no profiles' : names.join(', ');
    findings.push(finding('profile-unknown', `${issuer} has no profile ${profile}; it has ${has}`, { issuer }));
  }
  return findings;
}
