import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { tryHold } from './machine-lock.ts';

// Below the ports that Linux and Windows hand out by themselves, to a connection that goes out or to a server that asks
// for any: such a port may be gone between the moment it was found free and the moment it is used.
const FIRST = 10_240;
const LAST = 32_767;
const BLOCK = 64;
const BLOCKS = Math.floor((LAST + 1 - FIRST) / BLOCK);

// Of the block that this process has for as long as it lives, so that no other process of a lab is given the same ones.
let next = 0;
let end = 0;

/** Free TCP ports of this address, all different, each given once to one process of this machine. */
export async function freePorts(count: number, address = '127.0.0.1'): Promise<number[]> {
  const ports: number[] = [];
  while (ports.length < count) {
    const port = await ownPort();
    if (await isFree(port, address)) ports.push(port);
  }
  return ports;
}

async function ownPort(): Promise<number> {
  while (next === end) {
    const block = randomInt(BLOCKS);
    if ((await tryHold(`ports ${block}`)) === null) continue;
    if (next !== end) break;
    next = FIRST + block * BLOCK;
    end = next + BLOCK;
  }
  return next++;
}

function isFree(port: number, address: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, address, () => server.close(() => resolve(true)));
  });
}
