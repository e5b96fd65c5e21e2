import type { CertificateState } from '../../src/renewal/state/certificate-queries.ts';
import type { Declaration } from './declare.ts';
import type { BindingResult } from './results.ts';

/** The demo's last line. Certificates are counted by the first four, bindings by the rest. */
export interface DemoSummary {
  readonly renewed: number;
  /** Renewed, and every binding of a started site serves it. */
  readonly verified: number;
  readonly rolledBack: number;
  /** Declared, and neither renewed nor rolled back; those that the CA refuses included. */
  readonly failed: number;
  readonly bindings: number;
  readonly bindingsVerified: number;
  readonly bindingsOfStoppedSites: number;
  /** Reported with the reason. */
  readonly notHandled: number;
  /** `none`: no command got as far as writing a log. */
  readonly audit: 'ok' | 'broken' | 'none';
  readonly ok: boolean;
}

/** What a demo has to show that ended before its work began. */
export const NOTHING_DONE: DemoSummary = {
  renewed: 0,
  verified: 0,
  rolledBack: 0,
  failed: 0,
  bindings: 0,
  bindingsVerified: 0,
  bindingsOfStoppedSites: 0,
  notHandled: 0,
  audit: 'none',
  ok: false,
};

/**
 * Judges: every certificate that the CA does not refuse is renewed and served, but for those that had to be rolled
 * back.
 */
export function summarize(
  declared: Declaration,
  managed: readonly CertificateState[],
  results: readonly BindingResult[],
  expected: { readonly audit: boolean; readonly expectedRollbacks: number },
): DemoSummary {
  const count = (state: BindingResult['state']): number => results.filter((result) => result.state === state).length;
  const having = (state: BindingResult['state']): ReadonlySet<string | null> =>
    new Set(results.flatMap((result) => (result.state === state ? [result.certificate] : [])));
  const rolledBack = having('rolledBack');
  const failed = having('failed');
  const refusedByCa = new Set([...having('notHandled')].filter((name) => name !== null));
  const renewed = managed.filter(({ active, name }) => active !== null && !rolledBack.has(name));
  return {
    renewed: renewed.length,
    verified: renewed.filter(({ name }) => !failed.has(name)).length,
    rolledBack: rolledBack.size,
    failed: declared.certificates.length - renewed.length - rolledBack.size,
    bindings: results.length,
    bindingsVerified: count('verified'),
    bindingsOfStoppedSites: count('stopped'),
    notHandled: count('notHandled'),
    audit: expected.audit ? 'ok' : 'broken',
    ok:
      expected.audit &&
      failed.size === 0 &&
      renewed.length + rolledBack.size + refusedByCa.size === declared.certificates.length &&
      rolledBack.size === expected.expectedRollbacks,
  };
}
