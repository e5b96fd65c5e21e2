import type { RecordType } from '../dns/wire/message.ts';
import { dataOf, type Resolver } from '../dns/resolver.ts';
import { EverbindError } from '../errors/error.ts';
import { finding, type PreflightFinding, said } from './findings.ts';

/** Resolvers: as CAs ask theirs, and one that does not look at signatures. */
export interface Lookups {
  readonly checked: Pick<Resolver, 'lookup'>;
  readonly unchecked: Pick<Resolver, 'lookup'>;
}

/** A question that was not answered: for the sake of `name`, `asked` was looked up. */
export interface Unanswered {
  readonly name: string;
  readonly asked: string;
  readonly type: RecordType;
  readonly issuer: string | null;
}

/** Addresses of a name, or why there are none to be had. */
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

/** Tells broken signatures from broken servers: a resolver that validates says SERVFAIL for both, unless told not to look at signatures. */
export async function explainFailure(
  { unchecked }: Lookups,
  { name, asked, type, issuer }: Unanswered,
  error: EverbindError,
  signal?: AbortSignal,
): Promise<PreflightFinding> {
  if (error.details['reason'] === 'SERVFAIL') {
    try {
      await unchecked.lookup(asked, type, signal);
      const what = `${type} of ${asked}: answered only when DNSSEC signatures are not looked at`;
      return finding('dnssec-broken', what, { name, issuer });
    } catch (again) {
      signal?.throwIfAborted();
      if (!(again instanceof EverbindError)) throw again;
    }
  }
  return finding('dns-fails', said(error), { name, issuer });
}
