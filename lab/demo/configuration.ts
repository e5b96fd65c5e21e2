import { isIP } from 'node:net';
import { stringify } from 'yaml';
import type { DeclaredCertificate } from './declare.ts';

/**
 * What is on port 80 of the server. `http`: some site. `nothing`: http.sys is then told to respond, since this
 * machine's own port 80 is not the demo's. `https`: no CA can ask there, so control is shown by DNS.
 */
export type Port80 = 'http' | 'nothing' | 'https';

/**
 * Where the keys of the certificates are made, in turn: as a Windows server does without being told, in its TPM, and in
 * software.
 */
export const KEY_PROVIDERS = ['cng', 'Microsoft Platform Crypto Provider', 'software'] as const;

/** The everbind.yaml that the demo's operator has written. */
export function demoConfiguration(options: {
  readonly directoryUrl: string;
  readonly listenerCaFile: string;
  readonly rootFile: string;
  readonly certificates: readonly DeclaredCertificate[];
  readonly port80: Port80;
  /** Program and arguments that respond to DNS-01 challenges. */
  readonly dnsCommand: readonly string[];
  /** Where keys are made, in turn. */
  readonly providers?: readonly string[];
}): string {
  const { providers = KEY_PROVIDERS } = options;
  return stringify({
    version: 1,
    // One certificate at a time: Pebble 2.10 can deadlock when an order and the authorizations of another meet.
    engine: { concurrency: 1 },
    issuers: [
      {
        name: 'pebble',
        directory: options.directoryUrl,
        contacts: ['mailto:operator@everbind.test'],
        termsOfServiceAgreed: true,
        trustRoots: [options.listenerCaFile],
        certificateRoots: [options.rootFile],
      },
    ],
    defaults: {
      issuers: ['pebble'],
      key: { algorithm: 'ec-p256', provider: providers[0] },
      ...(options.port80 !== 'nothing' ? {} : { challenge: { type: 'http-01', mode: 'http.sys' } }),
    },
    certificates: options.certificates.map((certificate, index) => ({
      name: certificate.name,
      names: certificate.names,
      ...(index % providers.length === 0 ? {} : { key: { provider: providers[index % providers.length] } }),
      ...challengesOf(certificate, options),
      deployments: [
        {
          type: 'iis',
          ...(certificate.sites === null ? {} : { sites: certificate.sites }),
          adopt: true,
          store: 'WebHosting',
        },
      ],
    })),
  });
}

function challengesOf(
  { names }: DeclaredCertificate,
  { port80, dnsCommand }: { readonly port80: Port80; readonly dnsCommand: readonly string[] },
): { readonly challenges?: readonly object[] } {
  if (port80 !== 'https' && !names.some((name) => name.startsWith('*.'))) return {};
  const addresses = names.filter((name) => isIP(name) !== 0);
  return {
    challenges: [
      // RFC 8738 section 7: no DNS challenge for an address.
      ...(addresses.length === 0 ? [] : [{ names: addresses, type: 'http-01' }]),
      { names: ['*'], type: 'dns-01', provider: 'exec', command: dnsCommand, timeoutSeconds: 20 },
    ],
  };
}
