import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackFromUnstable } from '../debian-package.ts';
import { freePorts } from '../loopback.ts';
import { createLabCa } from '../test-ca.ts';

export interface PebbleOptions {
  /** Percentage of nonces that are refused on purpose; 5 is Pebble's own default. */
  readonly rejectNoncesPercent?: number;
  /** Percentage of valid authorizations that are reused. */
  readonly reuseAuthorizationsPercent?: number;
  /** Further root certificates, each with an alternate chain. */
  readonly alternateRoots?: number;
  readonly chainLength?: number;
  /** Validation succeeds without asking anybody. */
  readonly alwaysValid?: boolean;
  /** External account binding keys, key id to base64url; when given, they are required. */
  readonly externalAccountKeys?: Readonly<Record<string, string>>;
  readonly profiles?: Readonly<Record<string, { readonly description: string; readonly validityPeriod: number }>>;
  /** Domains that stand for the CA in CAA records, which Pebble does not look at; `ca.everbind.test` unless told. */
  readonly caaIdentities?: readonly string[];
  readonly blockedDomains?: readonly string[];
  /** Where validation connects for HTTP-01 and TLS-ALPN-01. */
  readonly httpPort?: number;
  readonly tlsPort?: number;
  /** Behaves as a coming version will, where that is planned. */
  readonly strict?: boolean;
  /** Retry-After in seconds; 0 = no header. */
  readonly retryAfterSeconds?: number;
  /** Resolver of the validation, `host:port`; by default the challenge test server that is started beside it. */
  readonly dnsServer?: string;
}

export interface Pebble {
  readonly directoryUrl: string;
  readonly managementUrl: string;
  /** Trust this to talk to the directory (PEM). */
  readonly listenerCaPem: string;
  /** Management interface of pebble-challtestsrv: set-default-ipv4, add-a, set-txt … */
  readonly challengeServerUrl: string;
  readonly httpPort: number;
  readonly tlsPort: number;
  /** Resolver of the validation, `host:port`. */
  readonly dnsServer: string;
  /** Root number `index` that issued certificates chain to (PEM). */
  rootPem(index?: number): Promise<string>;
  /** POST to pebble-challtestsrv, for example ('set-txt', {host, value}). */
  challenge(path: string, body: unknown): Promise<void>;
  /** A request to Pebble's management interface; the body of the response. */
  management(path: string, body?: unknown): Promise<string>;
  stop(): Promise<void>;
}

/**
 * Starts Pebble 2.10 and pebble-challtestsrv on free loopback ports. Every name resolves to 127.0.0.1 until told
 * otherwise.
 */
export async function startPebble(options: PebbleOptions = {}): Promise<Pebble> {
  const root = await unpackFromUnstable('pebble');
  const folder = await mkdtemp(join(tmpdir(), 'everbind-pebble-'));
  const [listen = 0, manage = 0, http = 0, tls = 0, dns = 0, challengeManage = 0] = await freePorts(6);
  const ca = await createLabCa('Everbind lab: Pebble listener');
  const day = 24 * 3600 * 1000;
  const listener = await ca.issue({
    names: ['localhost', '127.0.0.1', '::1'],
    notBefore: new Date(Date.now() - day),
    notAfter: new Date(Date.now() + 90 * day),
  });
  await writeFile(join(folder, 'cert.pem'), listener.certificatePem);
  await writeFile(join(folder, 'key.pem'), listener.privateKeyPem, { mode: 0o600 });
  const httpPort = options.httpPort ?? http;
  const tlsPort = options.tlsPort ?? tls;
  const dnsServer = options.dnsServer ?? `127.0.0.1:${dns}`;
  const config = {
    pebble: {
      listenAddress: `127.0.0.1:${listen}`,
      managementListenAddress: `127.0.0.1:${manage}`,
      certificate: join(folder, 'cert.pem'),
      privateKey: join(folder, 'key.pem'),
      httpPort,
      tlsPort,
      ocspResponderURL: '',
      externalAccountBindingRequired: options.externalAccountKeys !== undefined,
      ...(options.externalAccountKeys === undefined ? {} : { externalAccountMACKeys: options.externalAccountKeys }),
      domainBlocklist: options.blockedDomains ?? [],
      keyAlgorithm: 'ecdsa',
      caaIdentities: options.caaIdentities ?? ['ca.everbind.test'],
      retryAfter: { authz: options.retryAfterSeconds ?? 0, order: options.retryAfterSeconds ?? 0 },
      // One profile only, since Pebble picks one at random for an order that names none.
      profiles: options.profiles ?? { default: { description: 'ninety days', validityPeriod: 7776000 } },
    },
  };
  await writeFile(join(folder, 'pebble.json'), JSON.stringify(config));
  const environment = {
    PATH: process.env['PATH'] ?? '',
    PEBBLE_VA_NOSLEEP: '1',
    PEBBLE_WFE_NONCEREJECT: String(options.rejectNoncesPercent ?? 0),
    PEBBLE_AUTHZREUSE: String(options.reuseAuthorizationsPercent ?? 0),
    PEBBLE_ALTERNATE_ROOTS: String(options.alternateRoots ?? 0),
    PEBBLE_CHAIN_LENGTH: String(options.chainLength ?? 1),
    ...(options.alwaysValid === true ? { PEBBLE_VA_ALWAYS_VALID: '1' } : {}),
  };
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    await Promise.all(children.map(end));
    await rm(folder, { recursive: true, force: true });
  };
  // Its own HTTP and TLS servers stay off: those under test respond to challenges.
  children.push(
    spawn(
      join(root, 'usr/bin/pebble-challtestsrv'),
      [
        '-management',
        `127.0.0.1:${challengeManage}`,
        '-dnsserver',
        `127.0.0.1:${dns}`,
        '-defaultIPv4',
        '127.0.0.1',
        '-defaultIPv6',
        '',
        '-http01',
        '',
        '-https01',
        '',
        '-tlsalpn01',
        '',
        '-doh',
        '',
      ],
      { stdio: 'ignore', env: environment },
    ),
    spawn(
      join(root, 'usr/bin/pebble'),
      [
        '-config',
        join(folder, 'pebble.json'),
        '-dnsserver',
        dnsServer,
        ...(options.strict === true ? ['-strict'] : []),
      ],
      { stdio: 'ignore', env: environment, cwd: folder },
    ),
  );
  const directoryUrl = `https://127.0.0.1:${listen}/dir`;
  const managementUrl = `https://127.0.0.1:${manage}`;
  const challengeServerUrl = `http://127.0.0.1:${challengeManage}`;
  try {
    await waitUntil(() => fetchText(directoryUrl, ca.certificatePem), children);
    await waitUntil(async () => {
      await fetch(`${challengeServerUrl}/clear-a`, { method: 'POST', body: '{"host":"ready.test."}' });
    }, children);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    directoryUrl,
    managementUrl,
    challengeServerUrl,
    listenerCaPem: ca.certificatePem,
    httpPort,
    tlsPort,
    dnsServer,
    rootPem: (index = 0) => fetchText(`${managementUrl}/roots/${index}`, ca.certificatePem),
    management: (path, body) => fetchText(`${managementUrl}/${path}`, ca.certificatePem, body),
    challenge: async (path, body) => {
      const response = await fetch(`${challengeServerUrl}/${path}`, { method: 'POST', body: JSON.stringify(body) });
      if (!response.ok) throw new Error(`pebble-challtestsrv ${path}: ${response.status}`);
    },
    stop,
  };
}

function fetchText(url: string, ca: string, body?: unknown): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request(
      url,
      {
        ca,
        method: body === undefined ? 'GET' : 'POST',
        agent: false,
        timeout: 5000,
        headers: { 'user-agent': 'everbind-lab' },
      },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          text += chunk;
        });
        response.on('end', () =>
          (response.statusCode ?? 500) < 300 ? resolve(text) : reject(new Error(`${url}: ${response.statusCode}`)),
        );
      },
    );
    call.on('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

async function waitUntil(probe: () => Promise<unknown>, children: readonly ChildProcess[]): Promise<void> {
  const deadline = Date.now() + 15_000;
  for (;;) {
    try {
      await probe();
      return;
    } catch (error) {
      const ended = children.find((child) => child.exitCode !== null);
      if (ended !== undefined || Date.now() > deadline) throw new Error('Pebble did not start', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.kill('SIGKILL');
  });
}
