import { get } from 'node:http';
import { EverbindError, WindowsError } from '../errors/error.ts';
import type { Random } from '../ports/random.ts';
import type { Endpoint, WindowsHost } from '../ports/windows-host.ts';
import { URL_PATH } from './names.ts';

export const HTTP_PORT = 80;
const TIMEOUT_MS = 5_000;
/** No response within this time counts as none. */
const GONE_TIMEOUT_MS = 1_000;
const MAX_BYTES = 4_096;
const ALREADY_EXISTS = 183;

/** A URL prefix beside IIS on port 80. */
export interface ServedPrefix {
  /** Ends the registration, and checks that nobody gets a response any more. Throws SELFTEST_FAILED. */
  end(): Promise<void>;
}

/**
 * Registers a URL prefix, as http-01 does, and requests something below it. Throws SELFTEST_FAILED, SELFTEST_UNDER_WAY.
 */
export async function serveAndAsk(host: WindowsHost, random: Random): Promise<ServedPrefix> {
  const token = Buffer.from(random.bytes(16)).toString('hex');
  const end = await host.httpServer
    .serve(`http://+:${HTTP_PORT}${URL_PATH}`, ({ path }) => (path === `${URL_PATH}${token}` ? token : null))
    .catch((error: unknown) => {
      if (!(error instanceof WindowsError) || error.status !== ALREADY_EXISTS) throw error;
      throw new EverbindError('SELFTEST_UNDER_WAY', 'another self-test is under way on this server');
    });
  const look = async (timeoutMs: number): Promise<string> => {
    const [endpoint] = await host.endpoints('*', HTTP_PORT);
    return endpoint === undefined ? 'nothing listens on port 80' : ask(endpoint, `${URL_PATH}${token}`, timeoutMs);
  };
  try {
    const body = await look(TIMEOUT_MS);
    if (body !== token) {
      throw new EverbindError('SELFTEST_FAILED', `http.sys did not pass on a request on port ${HTTP_PORT}: ${body}`);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return {
    end: async () => {
      await end();
      if ((await look(GONE_TIMEOUT_MS)) !== token) return;
      throw new EverbindError('SELFTEST_FAILED', 'http.sys still passes on requests for a prefix that is gone');
    },
  };
}

/** The body, or what happened instead, in words. */
function ask({ address, port }: Endpoint, path: string, timeoutMs: number): Promise<string> {
  return new Promise((resolve) => {
    const request = get({
      host: address,
      port,
      path,
      headers: { host: `localhost:${HTTP_PORT}` },
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    request.on('error', (error) => resolve(error.message));
    request.on('response', (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => {
        body += chunk;
        if (body.length > MAX_BYTES) request.destroy(new Error('the response is too large'));
      });
      response.on('end', () => resolve(response.statusCode === 200 ? body : `status ${response.statusCode}`));
    });
  });
}
