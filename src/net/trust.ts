import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { EverbindError } from '../errors/error.ts';

export interface TrustOptions {
  /** PEM texts of further roots; added to those of Node, never in their place. */
  readonly roots?: readonly string[] | undefined;
  /** Adds the roots that the operating system trusts, such as those of a company's proxy. */
  readonly systemRoots?: boolean | undefined;
}

/**
 * What a server may be trusted by, TLS 1.2 or later: the cheapest part first, all of it last. Reading and parsing every root of the system takes
 * longer than an issuance, and hardly any server needs them; a server that fails the check of one part is judged by the next.
 */
export function trustStages({ roots = [], systemRoots = false }: TrustOptions): readonly (() => SecureContext)[] {
  // Without a list OpenSSL's own store is used, which costs nothing to build.
  const first = roots.length === 0 ? () => context() : () => context(roots);
  if (roots.length === 0 && !systemRoots) return [first];
  return [
    first,
    () => context([...getCACertificates('default'), ...(systemRoots ? getCACertificates('system') : []), ...roots]),
  ];
}

/** Throws NET_SERVER_UNTRUSTED for roots that are no certificates. */
function context(roots?: readonly string[]): SecureContext {
  try {
    return createSecureContext({ minVersion: 'TLSv1.2', ...(roots === undefined ? {} : { ca: [...new Set(roots)] }) });
  } catch (error) {
    throw new EverbindError('NET_SERVER_UNTRUSTED', 'A trusted root is not a PEM certificate', {}, { cause: error });
  }
}
