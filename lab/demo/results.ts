import { hash } from 'node:crypto';
import { checkServerIdentity, connect } from 'node:tls';
import {
  type Inventory,
  type SiteBinding,
  type SiteInventory,
  siteText,
} from '../../src/iis/config/inventory-types.ts';
import { concreteHost } from '../../src/iis/plan/match.ts';
import { recordKeyId } from '../../src/iis/records/ssl-record.ts';
import { canonicalHost } from '../../src/pki/x509/names.ts';
import type { Endpoint, WindowsHost } from '../../src/ports/windows-host.ts';
import type { CertificateState } from '../../src/renewal/state/certificate-queries.ts';
import { tlsProbe } from '../../src/verify/tls-probe.ts';
import type { Declaration } from './declare.ts';
import { recordOf } from './names.ts';

/** What the demo itself finds at one https binding, by a verifying TLS client that knows only the CA's root. */
export interface BindingResult {
  readonly site: string;
  readonly binding: string;
  /** Name of the managed certificate; null when none could be declared. */
  readonly certificate: string | null;
  /**
   * `verified`: serves a certificate of the CA for its name. `rolledBack`: a new certificate was issued, but the
   * binding still serves the old one, and Everbind says so. `stopped`: nothing listens, but the record holds the new
   * certificate. `notHandled`: no certificate could be declared, or the CA refuses its names. `failed`: none of these.
   */
  readonly state: 'verified' | 'rolledBack' | 'stopped' | 'notHandled' | 'failed';
  readonly reason: string;
}

export interface Evidence {
  /** Says where the sites are. */
  readonly host: Pick<WindowsHost, 'endpoints'>;
  /** Root of the CA, PEM. */
  readonly rootPem: string;
  readonly declared: Declaration;
  readonly inventory: Inventory;
  /** What Everbind says of its certificates. */
  readonly managed: readonly CertificateState[];
  /** Thumbprint that each record held before, by recordKeyId. */
  readonly before: ReadonlyMap<string, string>;
}

const HANDSHAKES_AT_ONCE = 16;

/** Looks at every https binding. */
export async function checkBindings(evidence: Evidence): Promise<readonly BindingResult[]> {
  const work = evidence.inventory.sites.flatMap((site) =>
    site.bindings.filter(({ protocol }) => protocol === 'https').map((binding) => ({ site, binding })),
  );
  const results: BindingResult[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < work.length; index = next++) {
      const item = work[index];
      if (item !== undefined) results[index] = await checkBinding(evidence, item.site, item.binding);
    }
  };
  await Promise.all(Array.from({ length: HANDSHAKES_AT_ONCE }, worker));
  return results;
}

async function checkBinding(evidence: Evidence, site: SiteInventory, binding: SiteBinding): Promise<BindingResult> {
  const { host: server, rootPem, declared, inventory, managed, before } = evidence;
  const place = { site: siteText(site), binding: binding.text };
  const refusal = declared.refused.find(
    ({ site: name, binding: text }) => name === place.site && text === place.binding,
  );
  const key = recordOf(binding);
  const id = key === null ? '' : recordKeyId(key);
  const certificate = declared.certificates.find(({ records }) => records.has(id));
  if (refusal !== undefined || certificate === undefined || binding.information.kind !== 'ip-port-host') {
    const reason = refusal?.reason ?? 'no certificate was declared for it';
    return { ...place, certificate: null, state: 'notHandled', reason };
  }
  const { address, port, host } = binding.information;
  const result = { ...place, certificate: certificate.name };
  const state = managed.find(({ name }) => name === certificate.name);
  const record = inventory.records.find((candidate) => recordKeyId(candidate.key) === id);
  const holds = record?.certificateHash?.toLowerCase() ?? null;
  const said =
    state?.lastError === null || state === undefined ? '' : `${state.lastError.message} [${state.lastError.code}]`;
  if (state?.active === null && state.lastError?.code === 'ACME_PROBLEM' && state.openStep === null) {
    return { ...result, state: 'notHandled', reason: said };
  }
  const [endpoint] = site.state === 'Stopped' ? [] : await server.endpoints(address, port);
  if (endpoint === undefined) {
    return holds !== null && holds === state?.active?.thumbprint
      ? { ...result, state: 'stopped', reason: 'the site is stopped; its record holds the new certificate' }
      : {
          ...result,
          state: 'failed',
          reason: said === '' ? 'the site is stopped and its record is not renewed' : said,
        };
  }
  const name = host === '' ? (certificate.names[0] ?? '') : concreteHost(canonicalHost(host));
  const problem = await handshake(endpoint, host === '' ? '' : name, name, rootPem);
  if (problem === null) return { ...result, state: 'verified', reason: '' };
  const old = before.get(id) ?? null;
  const rolledBack =
    state?.openStep === 'issued' &&
    old !== null &&
    holds === old &&
    (await servedThumbprint(endpoint, host === '' ? '' : name)) === old;
  return {
    ...result,
    state: rolledBack ? 'rolledBack' : 'failed',
    reason: said === '' ? problem : `${said}; a client says ${problem}`,
  };
}

/** null when the server has a certificate of this root for `name`, else why not. */
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
    socket.on('timeout', () => socket.destroy(new Error('no response in time')));
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
  });
}

/** SHA-1 of what is served there, trusted or not; null without a handshake. */
async function servedThumbprint(endpoint: Endpoint, host: string): Promise<string | null> {
  try {
    const [leaf] = (await tlsProbe({ ...endpoint, host, timeoutMs: 5000 })).chain;
    return leaf === undefined ? null : hash('sha1', leaf, 'hex');
  } catch {
    return null;
  }
}
