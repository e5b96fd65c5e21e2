import { unlessAborted } from '../../concurrency/unless-aborted.ts';
import { EverbindError, retryAfterOf } from '../../errors/error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { Random } from '../../ports/random.ts';
import type { Signer } from '../../ports/signer.ts';
import type { HttpRequest, HttpResponse, Transport } from '../../ports/transport.ts';
import { type AcmeResponse, checkResponse, transportFailure } from './response.ts';
import { clockLeadOf } from './clock-lead.ts';
import { type HostBackoffs, PATIENCE_MS } from './host-backoff.ts';
import { decodeDirectory, type Directory, directoryHosts } from '../messages/directory.ts';
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
  /** Shared by all sessions with the same directory; without it no pause is obeyed and no limit kept. */
  readonly backoffs?: HostBackoffs | undefined;
}

export interface SignedRequest {
  readonly url: string;
  /** '' for POST-as-GET. */
  readonly payload: object | '';
  readonly resource: Resource;
  /** Signs with this key, named by its JWK, instead of the account's. */
  readonly keyOf?: Signer;
  /** Whoever asks again and again anyway wants to hear of a failure at once. */
  readonly polling?: boolean;
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
  /** How far the CA's clock is ahead of ours, milliseconds, by its last response; null: it did not say. */
  clockLead(): number | null;
  /** The account's signer. Throws ACME_NO_ACCOUNT. */
  signer(): Signer;
  /** The account's URL. Throws ACME_NO_ACCOUNT. */
  accountUrl(): string;
}

const maxBadNonces = 10;
/** Without a pause so many times: a CA whose servers do not share their nonces needs a few. */
const badNoncesAtOnce = 3;
const badNoncePauseMs = 50;
/** How often one request is sent again that the CA certainly did not carry out, or that changes nothing. */
const maxRepeats = 3;
const repeatPauseMs = 250;
const directoryLifetimeMs = 3600_000;

/** Sends nothing yet. Throws ACME_INSECURE_URL for a directory or an account whose URL is not allowed. */
export function createSession(options: SessionOptions): Session {
  const { transport, clock, random, backoffs } = options;
  const anyHost: UrlPolicy = { allowInsecureLoopback: options.allowInsecureLoopback === true };
  const directoryUrl = checkUrl(options.directoryUrl, 'directory URL', anyHost);
  // Known with the directory, which comes before the first response that names an address.
  const hosts = new Set<string>();
  const policy: UrlPolicy = { ...anyHost, hosts };
  const account: Session['account'] = {
    signer: options.signer ?? null,
    url: options.accountUrl === undefined ? null : checkUrl(options.accountUrl, 'account URL', anyHost),
  };
  const common = { 'user-agent': options.userAgent, 'accept-language': options.acceptLanguage ?? 'en' };
  const nonces = createNoncePool(clock, fetchNonce);
  let lead: number | null = null;
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
    lead = clockLeadOf(response.headers, clock.now()) ?? lead;
    // Renewal information is advice: its failures pause nothing else, and have a retry time of their own (RFC 9773
    // section 4.3).
    if (resource !== RESOURCES.renewalInfo) await backoffs?.note(request.url, response);
    return response;
  }

  /** Sends when the host has a place for a request of this kind; what must be fresh is made then. */
  async function inPlace(
    url: string,
    kind: string,
    signal: AbortSignal | undefined,
    work: () => Promise<HttpResponse>,
  ): Promise<HttpResponse> {
    const leave = await backoffs?.enter(url, kind, signal);
    let status: number | null = null;
    try {
      const response = await work();
      ({ status } = response);
      return response;
    } finally {
      leave?.(status);
    }
  }

  async function get(url: string, resource: Resource, signal?: AbortSignal): Promise<AcmeResponse> {
    const response = await inPlace(url, resource.name, signal, () => send({ method: 'GET', url }, resource, signal));
    return checkResponse(response, url, resource, clock.now());
  }

  /** Waits until the request may be sent again. Throws the error where it may not, or not soon. */
  async function pauseOrThrow(
    error: unknown,
    { resource, repeats, safe }: { readonly resource: Resource; readonly repeats: number; readonly safe: boolean },
    signal?: AbortSignal,
  ): Promise<void> {
    // Renewal information has a retry time of its own (RFC 9773 section 4.3).
    const wait =
      resource === RESOURCES.renewalInfo || repeats >= maxRepeats ? null : repeatAfterMs(error, repeats, safe);
    if (wait === null) throw error;
    // Up to a tenth more, so that not all requests go on at the same moment.
    await clock.sleep(Math.ceil(wait * (1 + random.uniform() / 10)), signal);
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
    for (let repeats = 0; ; repeats += 1) {
      signal?.throwIfAborted();
      try {
        return await unlessAborted(cachedDirectory(), signal);
      } catch (error) {
        signal?.throwIfAborted();
        // Whoever cannot be stopped does not wait.
        if (signal === undefined) throw error;
        await pauseOrThrow(error, { resource: RESOURCES.directory, repeats, safe: true }, signal);
      }
    }
  }

  function cachedDirectory(): Promise<Directory> {
    if (cached === null || clock.now() >= cached.until) {
      const fetched = fetchDirectory();
      const entry = { directory: fetched, until: clock.now() + directoryLifetimeMs };
      cached = entry;
      fetched.catch(() => {
        if (cached === entry) cached = null;
      });
    }
    return cached.directory;
  }

  async function fetchDirectory(): Promise<Directory> {
    const response = await get(directoryUrl, RESOURCES.directory);
    const found = decodeDirectory(parseJson(response.body, 'directory'), anyHost);
    for (const host of directoryHosts(directoryUrl, found)) hosts.add(host);
    return found;
  }

  async function post(request: SignedRequest, signal?: AbortSignal): Promise<AcmeResponse> {
    signal?.throwIfAborted();
    const { url, resource, payload, keyOf, accountKey, polling = false } = request;
    const signer = keyOf ?? accountKey ?? session.signer();
    const key: ProtectedHeader['key'] =
      keyOf === undefined ? { kid: session.accountUrl() } : { jwk: signerKey(keyOf).jwk };
    // A response to a challenge may be repeated (RFC 8555 section 8.2).
    const safe = payload === '' || resource === RESOURCES.challenge;
    let fresh: string | null = null;
    const trySend = async (): Promise<HttpResponse> => {
      const taken: string | Promise<string> = fresh ?? nonces.take();
      fresh = null;
      const nonce = typeof taken === 'string' ? taken : await unlessAborted(taken, signal);
      const signing = signJws({ signer, header: { nonce, url, key }, payload });
      const jws = await unlessAborted(signing, signal).catch((error: unknown) => {
        nonces.put(nonce);
        throw error;
      });
      return send({ method: 'POST', url, body: JSON.stringify(jws) }, resource, signal);
    };
    let repeats = 0;
    for (let attempt = 0; ; attempt += 1) {
      const kind = payload === '' ? 'read' : resource.name;
      const response = await inPlace(url, kind, signal, trySend).catch(async (error: unknown) => {
        // It was not sent: the CA had no nonce to give.
        await pauseOrThrow(error, { resource, repeats, safe: true }, signal);
        return null;
      });
      if (response === null) {
        repeats += 1;
        continue;
      }
      fresh = responseNonce(response.headers);
      let checked: AcmeResponse;
      try {
        checked = checkResponse(response, url, resource, clock.now());
      } catch (error) {
        const unknown = response.repeated === true && payload !== '' && isBadNonce(error);
        // The nonce of a badNonce error is kept for the retry (RFC 8555 section 6.5).
        if (attempt < maxBadNonces && isBadNonce(error) && !unknown) {
          if (attempt >= badNoncesAtOnce) await clock.sleep(badNoncePauseMs * 2 ** (attempt - badNoncesAtOnce), signal);
          continue;
        }
        if (fresh !== null) nonces.put(fresh);
        fresh = null;
        if (polling) throw error;
        await pauseOrThrow(unknown ? responseLost(url, error) : error, { resource, repeats, safe }, signal);
        repeats += 1;
        attempt = -1;
        continue;
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
    clockLead: () => lead,
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

/**
 * In how many milliseconds a request may be sent again; null: it may not. 503 and 429 with a Retry-After say that
 * nothing was done. After another failure of the server only what changes nothing is sent again.
 */
function repeatAfterMs(error: unknown, repeats: number, safe: boolean): number | null {
  if (!(error instanceof EverbindError)) return null;
  const { httpStatus = 0 } = error.facts;
  const wish = retryAfterOf(error);
  if ((httpStatus === 503 || httpStatus === 429) && wish !== null) return wish <= PATIENCE_MS ? wish : null;
  return safe && httpStatus >= 500 && httpStatus !== 501 ? repeatPauseMs * 4 ** repeats : null;
}

/** The nonce may be used up because the CA took the first of two copies: sent once more, the CA might do it twice. */
function responseLost(url: string, cause: unknown): EverbindError {
  return new EverbindError('ACME_TRANSPORT', 'The connection ended before the response of the CA', { url }, { cause });
}

function noAccount(problem: string): EverbindError {
  return new EverbindError('ACME_NO_ACCOUNT', `The request needs an account, and it has ${problem}`);
}
