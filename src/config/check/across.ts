import { identifierKey } from '../../pki/x509/names.ts';
import { quote } from '../config-problem.ts';
import type { Report } from '../report.ts';
import { isPublicCa, maxNamesOf, publicNameProblem } from '../issuer-facts.ts';
import type { CertificateConfig, IssuerConfig } from '../types.ts';

/** Checks what spans several parts: names that must be unique, names in two certificates, unused issuers. */
export function checkAcross(
  issuerNames: readonly (string | null)[],
  certificateNames: readonly (string | null)[],
  certificates: readonly (CertificateConfig | null)[],
  issuers: readonly IssuerConfig[],
  report: Report,
): void {
  checkUnique('issuers', issuerNames, report);
  checkUnique('certificates', certificateNames, report);
  warnSharedNames(certificates, report);
  warnCoveredNames(certificates, report);
  warnRefusedNames(issuers, certificates, report);
  warnUnusedIssuers(issuerNames, certificates, report);
}

function checkUnique(section: 'issuers' | 'certificates', names: readonly (string | null)[], report: Report): void {
  const first = new Map<string, number>();
  for (const [index, name] of names.entries()) {
    if (name === null) continue;
    const earlier = first.get(name);
    if (earlier === undefined) first.set(name, index);
    else {
      const line = report.line([section, earlier, 'name']);
      const found = `${quote(name)}, the name of ${section}[${earlier}] (line ${line})`;
      report.problem([section, index, 'name'], found, 'a name of its own');
    }
  }
}

function warnSharedNames(certificates: readonly (CertificateConfig | null)[], report: Report): void {
  const first = new Map<string, string>();
  for (const [index, certificate] of certificates.entries()) {
    for (const [position, identifier] of certificate?.identifiers.entries() ?? []) {
      const key = identifierKey(identifier);
      const owner = first.get(key);
      if (owner === undefined) first.set(key, certificate?.name ?? '');
      else {
        const message = `${identifier.value} is also a name of certificate ${owner}`;
        report.warn('name-in-two-certificates', ['certificates', index, 'names', position], message);
      }
    }
  }
}

/** Some CAs (Boulder) refuse an order whose wildcard covers another of its names. */
function warnCoveredNames(certificates: readonly (CertificateConfig | null)[], report: Report): void {
  for (const [index, certificate] of certificates.entries()) {
    const identifiers = certificate?.identifiers ?? [];
    const wildcards = new Set(identifiers.map(({ value }) => value).filter((value) => value.startsWith('*.')));
    if (wildcards.size === 0) continue;
    for (const [position, { value }] of identifiers.entries()) {
      const wildcard = `*${value.slice(value.indexOf('.'))}`;
      if (wildcard === value || !wildcards.has(wildcard)) continue;
      const message = `${wildcard} covers ${value}; some CAs refuse such an order`;
      report.warn('name-covered-by-wildcard', ['certificates', index, 'names', position], message);
    }
  }
}

/** One name that a CA does not issue for, or one too many, and it refuses the whole order. */
function warnRefusedNames(
  issuers: readonly IssuerConfig[],
  certificates: readonly (CertificateConfig | null)[],
  report: Report,
): void {
  for (const [index, certificate] of certificates.entries()) {
    if (certificate === null) continue;
    const { identifiers } = certificate;
    const path = ['certificates', index, 'names'] as const;
    for (const issuer of issuers.filter(({ name }) => certificate.issuers.includes(name))) {
      const most = maxNamesOf(issuer);
      if (most !== null && identifiers.length > most) {
        const message = `${identifiers.length} names, and ${issuer.name} takes ${most} at most: make several certificates of them`;
        report.warn('too-many-names', path, message);
      }
      if (!isPublicCa(issuer)) continue;
      for (const [position, identifier] of identifiers.entries()) {
        const problem = publicNameProblem(identifier);
        if (problem === null) continue;
        const message = `${issuer.name} will refuse the whole certificate because of ${identifier.value}: ${problem}`;
        report.warn('name-not-public', [...path, position], message);
      }
    }
  }
}

function warnUnusedIssuers(
  issuerNames: readonly (string | null)[],
  certificates: readonly (CertificateConfig | null)[],
  report: Report,
): void {
  if (certificates.length === 0) return;
  const used = new Set(certificates.flatMap((certificate) => certificate?.issuers ?? []));
  for (const [index, name] of issuerNames.entries()) {
    if (name !== null && !used.has(name)) {
      report.warn('issuer-unused', ['issuers', index, 'name'], `no certificate uses the issuer ${name}`);
    }
  }
}
