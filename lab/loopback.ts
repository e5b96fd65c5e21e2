import { createServer, type Server } from 'node:net';

/** Free TCP ports on loopback, all different. They are released before they are returned, so use them soon. */
export async function freePorts(count: number, address = '127.0.0.1'): Promise<number[]> {
  const servers: Server[] = [];
  try {
    for (let index = 0; index < count; index += 1) {
      servers.push(
        await new Promise<Server>((resolve, reject) => {
          const server = createServer();
          server.on('error', reject);
          server.listen(0, address, () => resolve(server));
        }),
      );
    }
    return servers.map((server) => {
      const bound = server.address();
      if (bound === null || typeof bound === 'string') throw new Error('no TCP address');
      return bound.port;
    });
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
}
