import { connect, createServer } from 'node:net';
import { createSocket } from 'node:dgram';

/** A server that swallows UDP, as firewalls do, and passes TCP on to another address with the same port. */
export async function startTcpOnly(address: string, port: number, target: string): Promise<() => Promise<void>> {
  const swallow = createSocket('udp4');
  swallow.on('message', () => {});
  await new Promise<void>((resolve, reject) => {
    swallow.once('error', reject);
    swallow.bind(port, address, () => resolve());
  });
  const server = createServer((client) => {
    const upstream = connect({ host: target, port });
    client.on('error', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    client.on('close', () => upstream.destroy());
    client.pipe(upstream).pipe(client);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => resolve());
  });
  return async () => {
    await new Promise<void>((resolve) => swallow.close(() => resolve()));
    await new Promise((resolve) => server.close(resolve));
  };
}
