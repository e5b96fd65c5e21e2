import { createSecureContext, type SecureContext } from 'node:tls';
import { EverbindError } from '../errors/error.ts';
import { bundledRoots, systemRoots as rootsOfSystem } from './roots.ts';

export interface TrustOptions {
  /** PEM texts of further roots. They are added to those of Node and never replace them. */
  readonly roots?: readonly string[] | undefined;
  /** Mozilla's, as Node has them, unless a test has others; PEM texts. */
  readonly ownRoots?: readonly string[] | undefined;
  /** Adds the roots that the operating system trusts, such as that of a company's proxy. */
  readonly systemRoots?: boolean | undefined;
}

/**
 * The roots that a server is checked against, TLS 1.2 or later: the cheapest part first, all of them last. Reading and
 * parsing every root of the system takes longer than an issuance, and hardly any server needs them. A server that fails
 * with one part is checked with the next. Always a list: without one OpenSSL also trusts what the environment adds.
 */
export function trustStages({
  roots = [],
  ownRoots = bundledRoots(),
  systemRoots = false,
}: TrustOptions): readonly (() => SecureContext)[] {
  const first = (): SecureContext => context(roots.length === 0 ? ownRoots : roots);
  if (roots.length === 0 && !systemRoots) return [first];
  return [first, () => context([...ownRoots, ...(systemRoots ? rootsOfSystem() : []), ...roots])];
}

/** Throws NET_SERVER_UNTRUSTED for roots that are not certificates. */
function context(roots: readonly string[]): SecureContext {
  try {
    return createSecureContext({ minVersion: 'TLSv1.2', ca: [...new Set(roots)] });
  } catch (error) {
    throw new EverbindError('NET_SERVER_UNTRUSTED', 'A trusted root is not a PEM certificate', {}, { cause: error });
  }
}
