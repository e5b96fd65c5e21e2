import type { RecordType } from '../dns/wire/message.ts';
import { dataOf, type Resolver } from '../dns/resolver.ts';
import { EverbindError } from '../errors/error.ts';
import { finding, type PreflightFinding, said } from './findings.ts';

/** Two resolvers: one that checks signatures, as those of CAs do, and one that ignores them. */
export interface Lookups {
  readonly checked: Pick<Resolver, 'lookup'>;
  readonly unchecked: Pick<Resolver, 'lookup'>;
}

/** A lookup that failed: `asked` was looked up because of `name`. */
export interface FailedLookup {
  readonly name: string;
  readonly asked: string;
  readonly type: RecordType;
  readonly issuer: string | null;
}

/** Addresses of a name, or why they cannot be looked up. */
export type Addresses =
  | { readonly ipv4: readonly string[]; readonly ipv6: readonly string[] }
  | { readonly failed: PreflightFinding };

/** A and AAAA of a name. */
export async function findAddresses(lookups: Lookups, name: string, signal?: AbortSignal): Promise<Addresses> {
  let type: 'A' | 'AAAA' = 'A';
  try {
    const ipv4 = dataOf((await lookups.checked.lookup(name, type, signal)).answers, type).map(({ address }) => address);
    type = 'AAAA';
    const ipv6 = dataOf((await lookups.checked.lookup(name, type, signal)).answers, type).map(({ address }) => address);
    return { ipv4, ipv6 };
  } catch (error) {
    signal?.throwIfAborted();
    if (!(error instanceof EverbindError)) throw error;
    return { failed: await explainFailure(lookups, { name, asked: name, type, issuer: null }, error, signal) };
  }
}

/** Tells broken signatures from broken servers: for both, a resolver that checks signatures says SERVFAIL. */
export async function explainFailure(
  { unchecked }: Lookups,
  { name, asked, type, issuer }: FailedLookup,
  error: EverbindError,
  signal?: AbortSignal,
): Promise<PreflightFinding> {
  if (error.facts.reason === 'SERVFAIL') {
    try {
      await unchecked.lookup(asked, type, signal);
      const what = `${type} of ${asked}: resolved only when DNSSEC signatures are ignored`;
      return finding('dnssec-broken', what, { name, issuer });
    } catch (again) {
      signal?.throwIfAborted();
      if (!(again instanceof EverbindError)) throw again;
    }
  }
  return finding('dns-fails', said(error), { name, issuer });
}
