import { stringify } from 'yaml';
import { KEY_PROVIDERS } from '../demo/configuration.ts';
import type { DeclaredCertificate } from '../demo/declare.ts';

// One name; two names on two records; two sites behind one record; a wildcard-free site with its key elsewhere.

/** applicationHost.config of the fleet's server. */
export const FLEET_CONFIGURATION = `<?xml version="1.0" encoding="UTF-8"?>
<configuration><system.applicationHost><sites>
${site(1, 'Alone', ['http/*:80:alone.chaos.test', 'https/*:443:alone.chaos.test'], 1)}
${site(2, 'Pair', ['http/*:80:a.pair.chaos.test', 'http/*:80:b.pair.chaos.test', 'https/*:443:a.pair.chaos.test', 'https/*:8443:b.pair.chaos.test'], 33)}
${site(3, 'Shared one', ['http/*:80:one.chaos.test', 'https/192.0.2.9:443:one.chaos.test'], 0)}
${site(4, 'Shared two', ['http/*:80:two.chaos.test', 'https/192.0.2.9:443:two.chaos.test'], 0)}
</sites></system.applicationHost></configuration>
`;

function site(id: number, name: string, bindings: readonly string[], sslFlags: number): string {
  const elements = bindings.map((text) => {
    const [protocol = '', information = ''] = text.split(/\/(.*)/);
    const flags = protocol === 'https' ? ` sslFlags="${sslFlags}"` : '';
    return `<binding protocol="${protocol}" bindingInformation="${information}"${flags} />`;
  });
  return `<site name="${name}" id="${id}"><application path="/"><virtualDirectory path="/" physicalPath="C:\\inetpub\\${id}" /></application><bindings>${elements.join('')}</bindings></site>`;
}

/** The operator's everbind.yaml. */
export function fleetYaml(options: {
  readonly certificates: readonly DeclaredCertificate[];
  readonly issuers: readonly {
    readonly name: string;
    readonly directory: string;
    readonly trustRoots: readonly string[];
  }[];
  readonly rootFile: string;
  readonly concurrency: number;
}): string {
  const names = options.issuers.map(({ name }) => name);
  return stringify({
    version: 1,
    engine: { concurrency: options.concurrency },
    issuers: options.issuers.map((issuer) => ({
      ...issuer,
      termsOfServiceAgreed: true,
      certificateRoots: [options.rootFile],
    })),
    // Web root, so that a kill can leave files behind.
    defaults: { challenge: { type: 'http-01', mode: 'webroot' } },
    certificates: options.certificates.map((certificate, index) => ({
      name: certificate.name,
      names: certificate.names,
      // Not all have the same first choice.
      issuers: index % 2 === 0 ? names : names.toReversed(),
      key: { algorithm: 'ec-p256', provider: KEY_PROVIDERS[index % KEY_PROVIDERS.length] },
      deployments: [{ type: 'iis', sites: certificate.sites, adopt: true, store: 'WebHosting' }],
    })),
  });
}
