import { get } from 'node:http';
import { EverbindError, WindowsError } from '../errors/error.ts';
import type { Random } from '../ports/random.ts';
import type { Endpoint, WindowsHost } from '../ports/windows-host.ts';
import { URL_PATH } from './names.ts';

const PORT = 80;
const TIMEOUT_MS = 5_000;
const MAX_BYTES = 4_096;
const ALREADY_EXISTS = 183;

/**
 * Registers a URL prefix beside IIS on port 80, as http-01 does, and requests something below it. The prefix stays
 * registered until `end` is called. Throws SELFTEST_FAILED, SELFTEST_UNDER_WAY.
 */
export async function serveAndAsk(host: WindowsHost, random: Random): Promise<{ end(): Promise<void> }> {
  const token = Buffer.from(random.bytes(16)).toString('hex');
  const end = await host.httpServer
    .serve(`http://+:${PORT}${URL_PATH}`, ({ path }) => (path === `${URL_PATH}${token}` ? token : null))
    .catch((error: unknown) => {
      if (!(error instanceof WindowsError) || error.status !== ALREADY_EXISTS) throw error;
      throw new EverbindError('SELFTEST_UNDER_WAY', 'another self-test is under way on this server');
    });
  try {
    const [endpoint] = await host.endpoints('*', PORT);
    const body = endpoint === undefined ? 'nothing listens on port 80' : await ask(endpoint, `${URL_PATH}${token}`);
    if (body !== token) {
      throw new EverbindError('SELFTEST_FAILED', `http.sys did not pass on a request on port ${PORT}: ${body}`);
    }
  } catch (error) {
    await end();
    throw error;
  }
  return { end };
}

/** The body, or what happened instead, in words. */
function ask({ address, port }: Endpoint, path: string): Promise<string> {
  return new Promise((resolve) => {
    const request = get({
      host: address,
      port,
      path,
      headers: { host: `localhost:${PORT}` },
      agent: false,
      signal: AbortSignal.timeout(TIMEOUT_MS),
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
