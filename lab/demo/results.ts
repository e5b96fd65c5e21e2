import { checkServerIdentity, connect } from 'node:tls';
import { type Inventory, siteText } from '../../src/iis/inventory-types.ts';
import { concreteHost } from '../../src/iis/match.ts';
import { recordKeyId } from '../../src/iis/ssl-record.ts';
import { canonicalHost } from '../../src/pki/names.ts';
import type { Endpoint } from '../../src/ports/windows-host.ts';
import type { CertificateState } from '../../src/renewal/readers.ts';
import type { SimWindows } from '../sim-windows/sim-windows.ts';
import { type Declaration, recordOf } from './declare.ts';

/** What the demo itself finds at one https binding, by a verifying TLS client that knows only the CA's root. */
export interface BindingResult {
  readonly site: string;
  readonly binding: string;
  /** Name of the managed certificate; null when none could be declared. */
  readonly certificate: string | null;
  /**
   * `verified`: serves a certificate of the CA for its name. `rolledBack`: serves its old certificate, and Everbind says so. `stopped`: nothing
   * listens, but the record holds the new certificate. `notHandled`: no certificate could be declared. `failed`: none of these.
   */
  readonly state: 'verified' | 'rolledBack' | 'stopped' | 'notHandled' | 'failed';
  readonly reason: string;
}

/** Looks at every https binding. `managed`: what Everbind says of its certificates. */
export async function checkBindings(
  sim: SimWindows,
  rootPem: string,
  declared: Declaration,
  inventory: Inventory,
  managed: readonly CertificateState[],
): Promise<readonly BindingResult[]> {
  const results: BindingResult[] = [];
  for (const site of inventory.sites) {
    for (const binding of site.bindings.filter(({ protocol }) => protocol === 'https')) {
      const place = { site: siteText(site), binding: binding.text };
      const refusal = declared.refused.find(
        ({ site: name, binding: text }) => name === place.site && (text === place.binding || text === 'all'),
      );
      const certificate = declared.certificates.find(({ siteNames }) => siteNames.includes(place.site));
      if (refusal !== undefined || certificate === undefined || binding.information.kind !== 'ip-port-host') {
        results.push({
          ...place,
          certificate: null,
          state: 'notHandled',
          reason: refusal?.reason ?? 'no certificate was declared for it',
        });
        continue;
      }
      const { address, port, host } = binding.information;
      const state = managed.find(({ name }) => name === certificate.name);
      const [endpoint] = site.state === 'Stopped' ? [] : await sim.host.endpoints(address, port);
      const result = { ...place, certificate: certificate.name };
      if (endpoint === undefined || site.state === 'Stopped') {
        const key = recordOf(binding);
        const record =
          key === null
            ? null
            : (inventory.records.find((candidate) => recordKeyId(candidate.key) === recordKeyId(key)) ?? null);
        const held = record !== null && record.certificateHash === state?.active?.thumbprint;
        results.push({
          ...result,
          state: held ? 'stopped' : 'failed',
          reason: held
            ? 'the site is stopped; its record holds the new certificate'
            : 'the site is stopped and its record is not renewed',
        });
        continue;
      }
      const name = host === '' ? (certificate.names[0] ?? '') : concreteHost(canonicalHost(host));
      const problem = await handshake(endpoint, host === '' ? '' : name, name, rootPem);
      const failing = state !== undefined && state.lastError !== null;
      const outcome =
        problem === null
          ? 'verified'
          : failing && state.lastError?.code === 'RENEWAL_NOT_VERIFIED'
            ? 'rolledBack'
            : 'failed';
      results.push({ ...result, state: outcome, reason: problem ?? '' });
    }
  }
  return results;
}

/** null when the server proves `name` with a certificate of this root, else why not. */
function handshake({ address, port }: Endpoint, servername: string, name: string, ca: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect(
      {
        host: address,
        port,
        ca,
        timeout: 5000,
        ...(servername === '' ? {} : { servername }),
        checkServerIdentity: (_host, certificate) => checkServerIdentity(name, certificate),
      },
      () => {
        socket.destroy();
        resolve(null);
      },
    );
    socket.on('timeout', () => socket.destroy(new Error('no answer in time')));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}
