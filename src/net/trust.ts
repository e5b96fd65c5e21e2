import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';
import { EverbindError } from '../errors/error.ts';

export interface TrustOptions {
  /** PEM texts of further roots; added to those of Node, never in their place. */
  readonly roots?: readonly string[] | undefined;
  /** Adds the roots that the operating system trusts, such as those of a company's proxy. */
  readonly systemRoots?: boolean | undefined;
}

/** TLS 1.2 or later; Node's roots and what the options add. Throws ACME_SERVER_UNTRUSTED for roots that are no certificates. */
export function createTrust({ roots = [], systemRoots = false }: TrustOptions): SecureContext {
  // Without additions OpenSSL's own store is used, which costs nothing to build.
  if (roots.length === 0 && !systemRoots) return createSecureContext({ minVersion: 'TLSv1.2' });
  const trusted = new Set([
    ...getCACertificates('default'),
    ...(systemRoots ? getCACertificates('system') : []),
    ...roots,
  ]);
  try {
    return createSecureContext({ minVersion: 'TLSv1.2', ca: [...trusted] });
  } catch (error) {
    throw new EverbindError(
      'ACME_SERVER_UNTRUSTED',
      'A trusted root given for the CA is no PEM certificate',
      {},
      { cause: error },
    );
  }
}
