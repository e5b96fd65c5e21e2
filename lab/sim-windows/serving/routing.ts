import { canonicalHost } from '../../../src/pki/x509/names.ts';
import type { Listener } from './listeners.ts';
import type { BoundUrl } from '../sites.ts';

/** A URL prefix of a process other than IIS. */
export interface Registration {
  readonly scheme: 'http' | 'https';
  /** `+` strong wildcard, `*` weak wildcard, or a host. */
  readonly host: string;
  readonly port: number;
  /** Begins and ends with a slash, in lower case. */
  readonly path: string;
  readonly answer: (request: { readonly host: string; readonly path: string }) => Promise<string | null>;
}

/** Who serves a request; `no-host`: some URL listens here, none for this host. */
export type Route =
  | { readonly kind: 'registration'; readonly registration: Registration }
  | { readonly kind: 'site'; readonly url: BoundUrl }
  | { readonly kind: 'no-host' }
  | { readonly kind: 'no-path' };

/**
 * Chooses as http.sys documents it: strong wildcard, host, wildcard host, bound to the address, weak wildcard; within
 * one of these the longest path. A site is the path `/`.
 */
export function chooseRoute(
  urls: readonly BoundUrl[],
  registrations: readonly Registration[],
  listener: Pick<Listener, 'scheme' | 'port' | 'addresses'>,
  request: { readonly host: string; readonly path: string },
): Route {
  const host = canonicalHost(request.host);
  const path = request.path.toLowerCase();
  const here = registrations.filter(({ scheme, port }) => scheme === listener.scheme && port === listener.port);
  const sites = urls.filter(
    ({ scheme, port, address }) =>
      scheme === listener.scheme && port === listener.port && (address === '*' || listener.addresses.has(address)),
  );
  const registered = (wanted: string): Route | null => {
    const matching = here.filter((one) => canonicalHost(one.host) === wanted && covers(one.path, path));
    const best = matching.sort((left, right) => right.path.length - left.path.length)[0];
    return best === undefined ? null : { kind: 'registration', registration: best };
  };
  const bound = (matches: (url: BoundUrl) => boolean): Route | null => {
    // Bound to the address before bound to every address, the longer wildcard before the shorter.
    const matching = sites
      .filter(matches)
      .sort(
        (left, right) =>
          right.host.length - left.host.length || Number(left.address === '*') - Number(right.address === '*'),
      );
    return matching[0] === undefined ? null : { kind: 'site', url: matching[0] };
  };
  return (
    registered('+') ??
    registered(host) ??
    bound((url) => url.host !== '' && url.host === host) ??
    bound((url) => url.host.startsWith('*.') && host.endsWith(url.host.slice(1))) ??
    bound((url) => url.host === '' && url.address !== '*') ??
    registered('*') ??
    bound((url) => url.host === '') ??
    (sites.length > 0 ? { kind: 'no-host' } : { kind: 'no-path' })
  );
}

function covers(prefix: string, path: string): boolean {
  return path.startsWith(prefix) || `${path}/` === prefix;
}

/** Host of a Host header, without port and brackets. */
export function hostOfHeader(header: string): string {
  return header.replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1');
}
