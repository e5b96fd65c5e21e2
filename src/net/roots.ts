import { getCACertificates } from 'node:tls';

/**
 * Roots that are the same whatever the environment says: Mozilla's, as this version of Node has them. Node's own list,
 * and what OpenSSL trusts without a list, also have what NODE_EXTRA_CA_CERTS and NODE_OPTIONS add.
 */
export function bundledRoots(): readonly string[] {
  return getCACertificates('bundled');
}

/** Where OpenSSL looks for the roots of the system, instead of in its own place. */
const PLACES = ['SSL_CERT_FILE', 'SSL_CERT_DIR'] as const;

/** Roots that the operating system trusts. Node reads them once. */
export function systemRoots(): readonly string[] {
  const kept = PLACES.map((name) => [name, process.env[name]] as const);
  for (const name of PLACES) delete process.env[name];
  try {
    return getCACertificates('system');
  } finally {
    for (const [name, value] of kept) if (value !== undefined) process.env[name] = value;
  }
}
