import { stringify } from 'yaml';
import type { DeclaredCertificate } from './declare.ts';

/** The everbind.yaml that the demo's operator has written. */
export function demoConfiguration(options: {
  readonly directoryUrl: string;
  readonly listenerCaFile: string;
  readonly rootFile: string;
  readonly certificates: readonly DeclaredCertificate[];
  /** Whether some site answers on port 80; where none does, http.sys is told to, since this machine's own port 80 is not the demo's. */
  readonly iisOnPort80: boolean;
  /** Program and arguments that answer DNS-01 challenges. */
  readonly dnsCommand: readonly string[];
}): string {
  return stringify({
    version: 1,
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
      key: { algorithm: 'ec-p256' },
      ...(options.iisOnPort80 ? {} : { challenge: { type: 'http-01', mode: 'http.sys' } }),
    },
    certificates: options.certificates.map((certificate) => ({
      name: certificate.name,
      names: certificate.names,
      ...(certificate.wildcard
        ? {
            challenges: [
              { names: ['*'], type: 'dns-01', provider: 'exec', command: options.dnsCommand, timeoutSeconds: 20 },
            ],
          }
        : {}),
      deployments: [{ type: 'iis', sites: certificate.sites, adopt: true, store: 'WebHosting' }],
    })),
  });
}
