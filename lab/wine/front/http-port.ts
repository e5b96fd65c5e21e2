import { createServer, type Socket, connect } from 'node:net';

const MAX_HEAD = 64 * 1024;
const MAX_ANSWER = 1024 * 1024;
/** How long http.sys may take for a response. A request for a URL that is not registered gets none at all. */
const PATIENCE_MS = 5_000;
/** After this time without a response http.sys is woken. */
const WAKE_MS = 200;
const HEAD_END = '\r\n\r\n';

/**
 * Stands on port 80 before Wine's http.sys and makes up for what that cannot do: it responds only to requests whose
 * Host has a port, loses requests that come at the same time, misses a new connection now and then, and never closes
 * one. So each request is passed on alone, on a connection of its own, with `:80` written into Host where the client
 * left it out. Resolves with what ends it.
 */
export async function startHttpPort(options: {
  readonly port: number;
  /** Where Wine's http.sys really listens. */
  readonly targetPort: number;
}): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  let queue: Promise<void> = Promise.resolve();
  let spare: Socket | null = null;
  // Any event of a connection that it has accepted makes http.sys look for new ones too: an idle one is closed.
  const wake = (): void => {
    spare?.destroy();
    spare = connect({ host: '127.0.0.1', port: options.targetPort }).on('error', () => {});
  };
  const server = createServer((client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    const parts: Buffer[] = [];
    const onData = (chunk: Buffer): void => {
      parts.push(chunk);
      const octets = Buffer.concat(parts);
      const end = octets.indexOf(HEAD_END);
      if (end < 0) {
        if (octets.length > MAX_HEAD) client.destroy();
        return;
      }
      client.off('data', onData);
      const head = Buffer.from(withPort(octets.subarray(0, end).toString('latin1'), options.port), 'latin1');
      const request = Buffer.concat([head, octets.subarray(end)]);
      const pass = async (): Promise<void> => {
        if (spare === null || spare.destroyed) wake();
        const answer = await askAlone(options.targetPort, request, wake);
        if (answer === null) client.resetAndDestroy();
        else client.end(answer);
      };
      queue = queue.then(pass);
    };
    client.on('data', onData);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '0.0.0.0', resolve);
  });
  return async () => {
    spare?.destroy();
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
    await queue;
  };
}

/** The head of a request, its Host with a port. */
function withPort(head: string, port: number): string {
  return head
    .split('\r\n')
    .map((line) => {
      const host = /^host:[ \t]*(\S+)[ \t]*$/i.exec(line)?.[1];
      return host === undefined ? line : `Host: ${/:\d+$/.test(host) ? host : `${host}:${port}`}`;
    })
    .join('\r\n');
}

/** The response to one request; null when none comes in time. */
function askAlone(port: number, request: Uint8Array, wake: () => void): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const target = connect({ host: '127.0.0.1', port });
    const parts: Buffer[] = [];
    const waking = setInterval(wake, WAKE_MS);
    const limit = setTimeout(() => done(null), PATIENCE_MS);
    const done = (answer: Buffer | null): void => {
      clearInterval(waking);
      clearTimeout(limit);
      target.destroy();
      resolve(answer);
    };
    target.on('connect', () => target.write(request));
    target.on('data', (chunk: Buffer) => {
      parts.push(chunk);
      const octets = Buffer.concat(parts);
      if (isWhole(octets)) done(octets);
      else if (octets.length > MAX_ANSWER) done(null);
    });
    target.on('error', () => done(null));
    target.on('close', () => done(null));
  });
}

function isWhole(octets: Buffer): boolean {
  const end = octets.indexOf(HEAD_END);
  if (end < 0) return false;
  const length = /^content-length:[ \t]*(\d+)[ \t]*$/im.exec(octets.subarray(0, end).toString('latin1'))?.[1];
  return length !== undefined && octets.length >= end + HEAD_END.length + Number(length);
}
