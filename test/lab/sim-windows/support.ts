import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startSimWindows, type SimWindows, type SimWindowsOptions } from '../../../lab/sim-windows/sim-windows.ts';
import { escapeAttribute } from '../../../lab/sim-windows/xml-writer.ts';
import { pkcs8Of } from '../../../lab/test-ca.ts';
import { errorCode } from '../../../src/errors/error.ts';
import { IIS_APP_ID } from '../../../src/iis/records/ssl-record.ts';
import { parseCertificate } from '../../../src/pki/x509/certificate.ts';
import type { Endpoint, SslRecord, SslRecordKey, StoreName, WindowsHost } from '../../../src/ports/windows-host.ts';
import { tlsProbe } from '../../../src/verify/tls-probe.ts';
import type { MadeCertificate } from '../../verify/certificates.ts';

/** A configuration with these sites; `attributes` go into the site's element as they are. */
export function configurationOf(
  ...sites: readonly {
    readonly name: string;
    readonly attributes?: string;
    readonly bindings: readonly (readonly [protocol: string, information: string, sslFlags?: number])[];
    readonly path?: string;
    readonly inside?: string;
  }[]
): Buffer {
  const elements = sites.map(({ name, attributes, bindings, path, inside }, index) => {
    const list = bindings
      .map(([protocol, information, sslFlags]) => {
        const flags = sslFlags === undefined ? '' : ` sslFlags="${sslFlags}"`;
        return `<binding protocol="${protocol}" bindingInformation="${information}"${flags} />`;
      })
      .join('');
    const root = path ?? `C:\\inetpub\\site${index + 1}`;
    return `<site name="${escapeAttribute(name)}" id="${index + 1}" ${attributes ?? ''}><application path="/"><virtualDirectory path="/" physicalPath="${root}" /></application>${inside ?? ''}<bindings>${list}</bindings></site>`;
  });
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?><configuration><system.applicationHost><sites>${elements.join('')}</sites></system.applicationHost></configuration>`,
  );
}

/** A running double that is stopped, with its files, when the test is over. */
export async function simFor(
  t: { after(work: () => Promise<void>): void },
  applicationHostConfig: Buffer,
  options: Partial<SimWindowsOptions> & { readonly socket?: boolean } = {},
): Promise<SimWindows & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'everbind-sim-'));
  const { socket, ...rest } = options;
  // After hooks run in this order.
  let stop: () => Promise<void> = async () => {};
  t.after(() => stop());
  t.after(() => rm(folder, { recursive: true, force: true }));
  const sim = await startSimWindows({
    applicationHostConfig,
    rootFolder: join(folder, 'root'),
    ...(socket === true ? { socketPath: join(folder, 'socket') } : {}),
    ...rest,
  });
  stop = sim.stop;
  return { ...sim, folder };
}

/** Puts a certificate with its key into a store; the thumbprint. */
export async function install(
  host: WindowsHost,
  certificate: MadeCertificate,
  store: StoreName = 'MY',
): Promise<string> {
  await host.certificates.importWithKey(store, certificate.der, pkcs8Of(certificate), certificate.commonName);
  return certificate.thumbprint;
}

/** A record as IIS would make it. */
export function iisRecord(key: SslRecordKey, certificateHash: string | null, flags = 0): SslRecord {
  return {
    key,
    certificateHash,
    certificateStore: certificateHash === null ? null : 'MY',
    appId: IIS_APP_ID,
    certCheckMode: 0,
    revocationFreshnessTime: 0,
    revocationUrlRetrievalTimeout: 0,
    ctlIdentifier: null,
    ctlStoreName: null,
    flags,
  };
}

/** Common name of the leaf that a handshake with `address:port` (as configured) gets, or the error code. */
export async function served(host: WindowsHost, address: string, port: number, name: string): Promise<string> {
  const [endpoint] = await host.endpoints(address, port);
  if (endpoint === undefined) return 'nothing listens';
  try {
    const { chain } = await tlsProbe({ ...endpoint, host: name, timeoutMs: 30_000 });
    return parseCertificate(chain[0] ?? new Uint8Array()).subjectCommonName ?? '';
  } catch (error) {
    return errorCode(error);
  }
}

/** One GET, path and Host header as they are; nothing is followed or normalised. */
export function fetchRaw(
  endpoint: Endpoint,
  host: string,
  path: string,
  method = 'GET',
): Promise<{ readonly status: number; readonly type: string; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const call = request(
      { host: endpoint.address, port: endpoint.port, path, method, headers: { host }, agent: false },
      (answer) => {
        let body = '';
        answer.setEncoding('utf8');
        answer.on('data', (chunk: string) => {
          body += chunk;
        });
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, type: answer.headers['content-type'] ?? '', body }),
        );
      },
    );
    call.on('error', reject);
    call.end();
  });
}

/** Files of the corpus that are pieces of a configuration, without the section system.applicationHost/sites. */
export const OF_NO_SERVER: ReadonlySet<string> = new Set(['049', '058', '065', '066']);
