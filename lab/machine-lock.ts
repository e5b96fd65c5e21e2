import { createHash } from 'node:crypto';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 100;

/**
 * Takes a name that one holder on this machine can have at a time: the answer gives it back, null means that another
 * has it. The system itself takes it from a process that dies, however it dies, so that there is never a stale one to
 * judge.
 */
export async function tryHold(name: string): Promise<(() => Promise<void>) | null> {
  const server = createServer((socket) => socket.destroy());
  const held = await new Promise<boolean>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(false) : reject(error),
    );
    server.listen({ path: socketPath(name) }, () => resolve(true));
  });
  if (!held) return null;
  server.unref();
  return () => new Promise((resolve) => server.close(() => resolve()));
}

/** Waits until nobody on this machine has the name any more, and takes it; the answer gives it back. */
export async function hold(name: string): Promise<() => Promise<void>> {
  for (;;) {
    const release = await tryHold(name);
    if (release !== null) return release;
    await sleep(PAUSE_MS);
  }
}

/** Runs `work` while nobody else on this machine does so under the same name. */
export async function withLock<T>(name: string, work: () => Promise<T>): Promise<T> {
  const release = await hold(name);
  try {
    return await work();
  } finally {
    await release();
  }
}

// Names in the kernel and not in a file system: an abstract socket of Linux, a pipe of Windows.
function socketPath(name: string): string {
  const short = createHash('sha256').update(name).digest('hex').slice(0, 32);
  return process.platform === 'win32' ? `\\\\.\\pipe\\everbind-lab-${short}` : `\0everbind-lab-${short}`;
}
