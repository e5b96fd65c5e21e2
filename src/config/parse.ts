import { dirname } from 'node:path';
import { builtInCatalogue, type DeploymentCatalogue } from '../deploy/catalogue.ts';
import { checkAcross } from './check/across.ts';
import { checkCertificate } from './check/certificate.ts';
import { checkIssuer } from './check/issuer.ts';
import { checkSettings, type Settings } from './check/settings.ts';
import { checkShape } from './check/shape.ts';
import type { CheckContext } from './check/context.ts';
import { DEFAULTS } from './defaults.ts';
import { configFingerprint } from './fingerprint.ts';
import { ConfigError } from './config-problem.ts';
import { createReport, type Report } from './report.ts';
import { FRAME, partsOf } from './schema/schema.ts';
import type { Config } from './types.ts';
import { parseYaml } from './yaml/document.ts';
import { decodeText } from './yaml/text.ts';

/**
 * Checks the whole file and applies its defaults. `file` is its absolute path. Throws ConfigError (CONFIG_INVALID) with
 * everything that is wrong: problems of the YAML, or, when it is well-formed, those of the shape and the meaning of
 * every part.
 */
export function parseConfig(octets: Uint8Array, file: string, catalogue = builtInCatalogue): Config {
  const decoded = decodeText(octets);
  if ('problem' in decoded) throw new ConfigError(file, [decoded.problem]);
  const yaml = parseYaml(decoded.text);
  if ('problems' in yaml) throw new ConfigError(file, yaml.problems);
  const report = createReport(yaml.document);
  const parts = checkParts(yaml.document.value, dirname(file), catalogue, report);
  if (parts === null || report.problems.length > 0) throw new ConfigError(file, report.problems);
  return { version: 1, file, fingerprint: configFingerprint(octets, file), ...parts, warnings: report.warnings };
}

type Parts = Pick<Config, 'engine' | 'issuers' | 'certificates'>;

function checkParts(value: unknown, folder: string, catalogue: DeploymentCatalogue, report: Report): Parts | null {
  checkShape(FRAME, value, [], report);
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
  const raw = value as { readonly [key: string]: unknown };
  const rawIssuers = list(raw['issuers']);
  const issuerNames = rawIssuers.map(nameOf).filter((name) => name !== null);
  const context: CheckContext = { report, folder, catalogue, issuerNames };
  const parts = partsOf(catalogue);

  const engine = 'engine' in raw ? checkShape(parts.engine, raw['engine'], ['engine'], report) : {};
  const issuers = rawIssuers.flatMap((entry, index) => {
    const input = checkShape(parts.issuer, entry, ['issuers', index], report);
    return input === null ? [] : [checkIssuer(input, ['issuers', index], context)];
  });
  const defaults = 'defaults' in raw ? readDefaults(raw['defaults'], context) : SILENT;
  const rawCertificates = list(raw['certificates']);
  const certificates = rawCertificates.map((entry, index) => {
    const input = checkShape(parts.certificate, entry, ['certificates', index], report);
    return input === null ? null : checkCertificate(input, ['certificates', index], defaults, context);
  });
  checkAcross(rawIssuers.map(nameOf), rawCertificates.map(nameOf), certificates, issuers, report);
  return {
    engine: { concurrency: engine?.concurrency ?? DEFAULTS.concurrency },
    issuers,
    certificates: certificates.filter((certificate) => certificate !== null),
  };
}

function readDefaults(value: unknown, context: CheckContext): Settings | null {
  const input = checkShape(partsOf(context.catalogue).defaults, value, ['defaults'], context.report);
  return input === null ? null : checkSettings(input, ['defaults'], context);
}

const SILENT: Settings = {
  algorithm: null,
  provider: null,
  reuse: null,
  issuers: null,
  challenges: null,
  deployments: null,
  keepOld: null,
  maintenance: null,
};

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function nameOf(entry: unknown): string | null {
  const name = typeof entry === 'object' && entry !== null && 'name' in entry ? entry.name : null;
  return typeof name === 'string' ? name : null;
}
