import { matchesHost, type Identifier } from '../../pki/x509/names.ts';

/**
 * How well a certificate fits a binding: `exact`: it is valid for every host of the binding; `partial`: for some hosts
 * of a wildcard binding; `catch-all`: the binding names no host; `none`.
 */
export type Fit = 'exact' | 'partial' | 'catch-all' | 'none';

/** Matches for one certificate, prepared once so that thousands of bindings cost little. */
export interface CertificateNames {
  /**
   * `host`: canonical, '' for every host, `*.` in front for a wildcard; `address`: canonical, `*` for every address.
   */
  fit(host: string, address: string): Fit;
  /** Whether the certificate is valid for this one host (RFC 9525 section 6.3). */
  covers(host: string): boolean;
  /** The certificate's identifiers that this binding serves; none for a catch-all. */
  servedBy(host: string, address: string): readonly Identifier[];
}

export function certificateNames(identifiers: readonly Identifier[]): CertificateNames {
  const byValue = new Map(identifiers.map((identifier) => [identifier.value, identifier]));
  const covers = (host: string): boolean => {
    const exact = byValue.get(host);
    const wildcard = byValue.get(parentWildcard(host));
    return (exact !== undefined && matchesHost(exact, host)) || (wildcard !== undefined && matchesHost(wildcard, host));
  };
  const servedBy = (host: string, address: string): readonly Identifier[] => {
    if (host === '') return identifiers.filter(({ type, value }) => type === 'ip' && value === address);
    if (host.startsWith('*.')) {
      return identifiers.filter(({ value }) => value === host || parentWildcard(value) === host);
    }
    return [byValue.get(host), byValue.get(parentWildcard(host))].filter((found) => found !== undefined);
  };
  return {
    covers,
    servedBy,
    fit: (host, address) => {
      if (host === '') return byValue.get(address)?.type === 'ip' ? 'exact' : 'catch-all';
      if (!host.startsWith('*.')) return covers(host) ? 'exact' : 'none';
      if (byValue.has(host)) return 'exact';
      return servedBy(host, address).length > 0 ? 'partial' : 'none';
    },
  };
}

/** `*.shop.example` for `www.shop.example`; '' for a name of one label. */
export function parentWildcard(host: string): string {
  const dot = host.indexOf('.');
  return dot < 1 ? '' : `*${host.slice(dot)}`;
}

/** A host that a client can ask for: the canonical host itself, or with one label in place of the `*`. */
export function concreteHost(host: string): string {
  return host.startsWith('*.') ? `everbind-probe${host.slice(1)}` : host;
}
