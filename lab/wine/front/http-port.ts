import { connect, createServer, type Socket } from 'node:net';

const MAX_HEAD = 64 * 1024;

/**
 * Stands on port 80 before Wine's http.sys, which only answers requests whose Host header has a port: writes `:80` into it where the client
 * left it out, as clients do. One request a connection; everything else is passed on as it is. Resolves with what ends it.
 */
export async function startHttpPort(options: {
  readonly port: number;
  /** Where Wine's http.sys really listens. */
  readonly targetPort: number;
}): Promise<() => Promise<void>> {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    sockets.add(client);
    client.on('close', () => sockets.delete(client));
    client.on('error', () => client.destroy());
    const parts: Buffer[] = [];
    const onData = (chunk: Buffer): void => {
      parts.push(chunk);
      const octets = Buffer.concat(parts);
      const end = octets.indexOf('\r\n\r\n');
      if (end < 0) {
        if (octets.length > MAX_HEAD) client.destroy();
        return;
      }
      client.off('data', onData);
      const target = connect({ host: '127.0.0.1', port: options.targetPort });
      sockets.add(target);
      target.on('close', () => {
        sockets.delete(target);
        client.destroy();
      });
      target.on('error', () => client.destroy());
      client.on('close', () => target.destroy());
      const head = Buffer.from(withPort(octets.subarray(0, end).toString('latin1'), options.port), 'latin1');
      // In one piece: Wine does not always see the second.
      target.write(Buffer.concat([head, octets.subarray(end)]));
      client.pipe(target);
      target.pipe(client);
    };
    client.on('data', onData);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, '0.0.0.0', resolve);
  });
  return async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
}

/** The head of a request, its Host with a port, its connection closed after the answer. */
export function withPort(head: string, port: number): string {
  return head
    .split('\r\n')
    .map((line) => {
      const host = /^host:[ \t]*(\S+)[ \t]*$/i.exec(line)?.[1];
      if (host !== undefined) return `Host: ${/:\d+$/.test(host) ? host : `${host}:${port}`}`;
      return /^connection:/i.test(line) ? 'Connection: close' : line;
    })
    .join('\r\n');
}
