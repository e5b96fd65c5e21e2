import { unlessAborted } from '../../concurrency/unless-aborted.ts';
import { EverbindError } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../ports/transport.ts';
import { type AcmeResponse, checkResponse, transportFailure } from './response.ts';
import { decodeDirectory, type Directory } from '../messages/directory.ts';
import type { HostBackoffs } from './host-backoff.ts';
import { parseJson } from '../messages/json.ts';
import { signerKey } from '../jose/jwk.ts';
import { type ProtectedHeader, signJws } from '../jose/jws.ts';
import { createNoncePool, noNonce, responseNonce } from './nonce-pool.ts';
import { acmeErrorType, AcmeProblemError } from '../messages/problem.ts';
import { RESOURCES, type Resource } from '../messages/resource.ts';
import { checkUrl, type UrlPolicy } from '../messages/url-policy.ts';

export interface SessionOptions {
  readonly directoryUrl: string;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  /** RFC 8555 section 6.1 wants one that names the software. */
  readonly userAgent: string;
  /** Language of problem texts; `en` by default. */
  readonly acceptLanguage?: string | undefined;
  readonly signer?: Signer | undefined;
  readonly accountUrl?: string | undefined;
  readonly allowInsecureLoopback?: boolean | undefined;
  /** Shared by all sessions with the same hosts; without it no pause is obeyed. */
  readonly backoffs?: HostBackoffs | undefined;
}

export interface SignedRequest {
  readonly url: string;
  /** '' for POST-as-GET. */
  readonly payload: object | '';
  readonly resource: Resource;
  /** Signs with this key, named by its JWK, instead of the account's. */
  readonly keyOf?: Signer;
  /** Signs as the account, with this key instead of the one that it has here. */
  readonly accountKey?: Signer;
}

/**
 * What all requests of a client share: one CA, one account, one pool of nonces. Requests wait for each other's nonces
 * only.
 */
export interface Session {
  readonly clock: Clock;
  readonly random: Random;
  readonly policy: UrlPolicy;
  /** As the operator gave it. */
  readonly directoryUrl: string;
  /** Changed by newAccount and by a key change. */
  readonly account: { signer: Signer | null; url: string | null };
  directory(signal?: AbortSignal): Promise<Directory>;
  /**
   * Begins to fetch directory and nonce ahead of the request that will need them. A failure is reported by that
   * request.
   */
  prepare(): void;
  get(url: string, resource: Resource, signal?: AbortSignal): Promise<AcmeResponse>;
  post(request: SignedRequest, signal?: AbortSignal): Promise<AcmeResponse>;
  /** The account's signer. Throws ACME_NO_ACCOUNT. */
  signer(): Signer;
  /** The account's URL. Throws ACME_NO_ACCOUNT. */
  accountUrl(): string;
}

const maxBadNonces = 10;
const directoryLifetimeMs = 3600_000;

/** Sends nothing yet. Throws ACME_INSECURE_URL for a directory or an account whose URL is not allowed. */
export function createSession(options: SessionOptions): Session {
  const { transport, clock, random, backoffs } = options;
  const policy: UrlPolicy = { allowInsecureLoopback: options.allowInsecureLoopback === true };
  const directoryUrl = checkUrl(options.directoryUrl, 'directory URL', policy);
  const account: Session['account'] = {
    signer: options.signer ?? null,
    url: options.accountUrl === undefined ? null : checkUrl(options.accountUrl, 'account URL', policy),
  };
  const common = { 'user-agent': options.userAgent, 'accept-language': options.acceptLanguage ?? 'en' };
  const nonces = createNoncePool(clock, fetchNonce);
  let cached: { readonly directory: Promise<Directory>; readonly until: number } | null = null;

  async function send(
    request: Pick<HttpRequest, 'method' | 'url'> & { body?: string },
    resource: Resource,
    signal?: AbortSignal,
  ): Promise<HttpResponse> {
    signal?.throwIfAborted();
    await backoffs?.pass(request.url, signal);
    const { body, ...target } = request;
    const { maxBytes, timeoutMs } = resource;
    const headers = {
      ...common,
      accept: resource.mediaType ?? '*/*',
      ...(body === undefined ? {} : { 'content-type': 'application/jose+json' }),
    };
    const outgoing = { ...target, headers, maxBytes, timeoutMs, ...(body === undefined ? {} : { body }) };
    const response = await transport(outgoing, signal).catch((error: unknown) => {
      throw transportFailure(error);
    });
    // Renewal information is advice: its failures pause nothing else, and have a retry time of their own (RFC 9773
    // section 4.3).
    if (resource !== RESOURCES.renewalInfo) await backoffs?.note(request.url, response);
    return response;
  }

  async function get(url: string, resource: Resource, signal?: AbortSignal): Promise<AcmeResponse> {
    return checkResponse(await send({ method: 'GET', url }, resource, signal), url, resource, clock.now());
  }

  async function fetchNonce(): Promise<string> {
    const { newNonce } = await directory();
    // GET, since Node drops the connection after a HEAD; both are equal (RFC 8555 section 7.2).
    const response = await get(newNonce, RESOURCES.nonce);
    const nonce = responseNonce(response.headers);
    if (nonce === null) throw noNonce(newNonce);
    return nonce;
  }

  async function directory(signal?: AbortSignal): Promise<Directory> {
    signal?.throwIfAborted();
    if (cached === null || clock.now() >= cached.until) {
      const fetched = fetchDirectory();
      const entry = { directory: fetched, until: clock.now() + directoryLifetimeMs };
      cached = entry;
      fetched.catch(() => {
        if (cached === entry) cached = null;
      });
    }
    return unlessAborted(cached.directory, signal);
  }

  async function fetchDirectory(): Promise<Directory> {
    const response = await get(directoryUrl, RESOURCES.directory);
    return decodeDirectory(parseJson(response.body, 'directory'), policy);
  }

  async function post(request: SignedRequest, signal?: AbortSignal): Promise<AcmeResponse> {
    signal?.throwIfAborted();
    const { url, resource, payload, keyOf, accountKey } = request;
    const signer = keyOf ?? accountKey ?? session.signer();
    const key: ProtectedHeader['key'] =
      keyOf === undefined ? { kid: session.accountUrl() } : { jwk: signerKey(keyOf).jwk };
    let fresh: string | null = null;
    for (let attempt = 0; ; attempt += 1) {
      const taken: string | Promise<string> = fresh ?? nonces.take();
      const nonce = typeof taken === 'string' ? taken : await unlessAborted(taken, signal);
      const signing = signJws({ signer, header: { nonce, url, key }, payload });
      const jws = await unlessAborted(signing, signal).catch((error: unknown) => {
        nonces.put(nonce);
        throw error;
      });
      const response = await send({ method: 'POST', url, body: JSON.stringify(jws) }, resource, signal);
      fresh = responseNonce(response.headers);
      let checked: AcmeResponse;
      try {
        checked = checkResponse(response, url, resource, clock.now());
      } catch (error) {
        const unknown = response.repeated === true && payload !== '' && isBadNonce(error);
        // The nonce of a badNonce error is kept for the retry (RFC 8555 section 6.5).
        if (attempt < maxBadNonces && isBadNonce(error) && !unknown) continue;
        if (fresh !== null) nonces.put(fresh);
        throw unknown ? responseLost(url, error) : error;
      }
      if (fresh !== null) nonces.put(fresh);
      return checked;
    }
  }

  const session: Session = {
    clock,
    random,
    policy,
    directoryUrl,
    account,
    directory,
    prepare: nonces.prepare,
    get,
    post,
    signer: () => {
      if (account.signer === null) throw noAccount('no key');
      return account.signer;
    },
    accountUrl: () => {
      if (account.url === null) throw noAccount('no URL');
      return account.url;
    },
  };
  return session;
}

function isBadNonce(error: unknown): boolean {
  return error instanceof AcmeProblemError && acmeErrorType(error.problem) === 'badNonce';
}

/** The nonce may be used up because the CA took the first of two copies: sent once more, the CA might do it twice. */
function responseLost(url: string, cause: unknown): EverbindError {
  return new EverbindError('ACME_TRANSPORT', 'The connection ended before the response of the CA', { url }, { cause });
}

function noAccount(problem: string): EverbindError {
  return new EverbindError('ACME_NO_ACCOUNT', `The request needs an account, and it has ${problem}`);
}
