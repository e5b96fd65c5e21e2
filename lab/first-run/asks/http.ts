import { request } from 'node:http';
import { createServer } from 'node:net';
import type { Endpoint, InboundReceiver } from '../../../src/ports/windows-host.ts';
import { type Ask, type Asking, judge, judgeAll, statusOf, statusText } from '../asking.ts';
import { URL_FOLDER } from '../own-names.ts';

const PORT = 80;
const TIMES = 100;

/** Question 28. */
export const askPrefix: Ask = async (asking) => {
  const { host } = asking;
  const prefix = `http://+:${PORT}${URL_FOLDER}`;
  const register = (url: string): ReturnType<typeof host.httpServer.serve> =>
    host.httpServer.serve(url, ({ path }) => (path === `${URL_FOLDER}token` ? 'response' : null));
  const end = await register(prefix);
  asking.onEnd(end);
  const [endpoint] = await host.endpoints('*', PORT);
  const beside = endpoint === undefined ? 0 : (await get(endpoint, '/everbind-first-run-beside')).status;
  const below = endpoint === undefined ? 0 : (await get(endpoint, `${URL_FOLDER}other`)).status;
  const got = endpoint === undefined ? { status: 0, body: '' } : await get(endpoint, `${URL_FOLDER}token`);
  const again = await statusOf(register(prefix));
  await end();
  let refused = 0;
  for (let time = 0; time < TIMES; time += 1) {
    const status = await statusOf(register(prefix).then((stop) => stop()));
    if (status !== 0) refused += 1;
  }
  const answer = judgeAll([
    [got.body === 'response', `our prefix: ${got.status}`],
    [again === 183, `the same prefix again: ${statusText(again)}`],
    [below === 404 || below === 400, `another path below it: ${below}`],
    [refused === 0, `registered again ${TIMES} times at once: ${refused} refused`],
  ]);
  const inbound = (receiver: InboundReceiver): Promise<string> => host.allowsInbound(PORT, receiver);
  const others = judge([
    [true, `beside it: ${beside}`],
    [true, `a port of another program: ${statusText(await foreignPort(asking))}`],
    [true, `a prefix that is reserved for LOCAL SERVICE: ${await reserved(asking)}`],
    [
      true,
      `what Everbind reads of the firewall: http.sys ${await inbound('http.sys')}, node ${await inbound('program')}`,
    ],
  ]);
  return { ...answer, observed: `${answer.observed}; ${others.observed}` };
};

/** The status of a registration on a port on which another program listens. */
async function foreignPort(asking: Asking): Promise<number> {
  const port = await asking.port();
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: '0.0.0.0', exclusive: true }, resolve);
  });
  try {
    return await statusOf(
      asking.host.httpServer.serve(`http://+:${port}${URL_FOLDER}`, () => null).then((stop) => stop()),
    );
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

/** What a registration below the reservation of another account returns. */
async function reserved(asking: Asking): Promise<string> {
  const { tools } = asking;
  if (tools === null) return 'not asked, needs netsh';
  const url = `http://+:${PORT}${URL_FOLDER}reserved/`;
  const added = await tools.run('netsh', ['http', 'add', 'urlacl', `url=${url}`, 'sddl=D:(A;;GX;;;LS)']);
  asking.onEnd(() => tools.run('netsh', ['http', 'delete', 'urlacl', `url=${url}`]));
  if (added.status !== 0) return `netsh ended with ${added.status}`;
  return statusText(await statusOf(asking.host.httpServer.serve(url, () => null).then((stop) => stop())));
}

/** One GET; status 0 when there was no response. */
export function get(
  endpoint: Endpoint,
  path: string,
  host = 'localhost',
): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve) => {
    const call = request(
      {
        host: endpoint.address,
        port: endpoint.port,
        path,
        // Wine knows no other spelling.
        headers: { Host: host, Connection: 'close' },
        agent: false,
        timeout: 30_000,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body = (body + chunk).slice(0, 4096);
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', () => resolve({ status: response.statusCode ?? 0, body }));
      },
    );
    call.on('timeout', () => call.destroy());
    call.on('error', () => resolve({ status: 0, body: '' }));
    call.end();
  });
}
