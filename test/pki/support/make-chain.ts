import { type Certificate, parseCertificate } from '../../../src/pki/x509/certificate.ts';
import {
  authorityKeyId,
  basicConstraints,
  dns,
  extendedKeyUsage,
  keyUsage,
  makeCertificate,
  makeKey,
  name,
  san,
  SERVER_AUTH,
  subjectKeyId,
  type TestCertificate,
  type TestExtension,
  type TestKey,
} from './make-certificate.ts';

/** An authority of a test chain: what it needs to issue others. */
export interface TestAuthority {
  readonly name: Uint8Array;
  readonly key: TestKey;
  readonly certificate: Certificate;
}

type Overrides = Partial<Omit<TestCertificate, 'extensions'>> & { readonly extensions?: readonly TestExtension[] };

/**
 * A root that breaks no rule, unless the overrides do. Overriding extensions replace those with the same identifier.
 */
export function makeRoot(commonName = 'Root', overrides: Overrides = {}): TestAuthority {
  const key = overrides.key ?? makeKey();
  const subject = overrides.subject ?? name(commonName);
  const extensions = merge([basicConstraints(), keyUsage(5, 6), subjectKeyId(key)], overrides.extensions);
  const der = makeCertificate({ issuer: subject, signer: key, ...overrides, subject, key, extensions });
  return { name: subject, key, certificate: parseCertificate(der) };
}

/** A CA certificate issued by another one. */
export function makeIntermediate(
  issuer: TestAuthority,
  commonName = 'Intermediate',
  overrides: Overrides = {},
): TestAuthority {
  const key = overrides.key ?? makeKey();
  const subject = overrides.subject ?? name(commonName);
  const extensions = merge(
    [basicConstraints(), keyUsage(5, 6), subjectKeyId(key), authorityKeyId(issuer.key)],
    overrides.extensions,
  );
  const der = makeCertificate({ issuer: issuer.name, signer: issuer.key, ...overrides, subject, key, extensions });
  return { name: subject, key, certificate: parseCertificate(der) };
}

/** A server certificate for shop.example. */
export function makeLeaf(issuer: TestAuthority, overrides: Overrides = {}): Certificate {
  return parseCertificate(makeLeafDer(issuer, overrides));
}

export function makeLeafDer(issuer: TestAuthority, overrides: Overrides = {}): Uint8Array {
  const key = overrides.key ?? makeKey();
  const extensions = merge(
    [keyUsage(0), extendedKeyUsage(SERVER_AUTH), authorityKeyId(issuer.key), san(dns('shop.example'))],
    overrides.extensions,
  );
  return makeCertificate({
    issuer: issuer.name,
    signer: issuer.key,
    subject: name('shop.example'),
    ...overrides,
    key,
    extensions,
  });
}

/** An extension to leave out. */
export function without(oid: string): TestExtension {
  return { oid, value: new Uint8Array(0) };
}

function merge(defaults: readonly TestExtension[], overrides: readonly TestExtension[] = []): TestExtension[] {
  const merged = new Map([...defaults, ...overrides].map((extension) => [extension.oid, extension]));
  return [...merged.values()].filter((extension) => extension.value.length > 0);
}
