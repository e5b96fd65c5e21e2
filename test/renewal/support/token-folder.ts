import { createServer } from 'node:http';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Solver } from '../../../src/ports/solver.ts';

/** Responds to http-01 by files, which another process serves: they stay when their process is killed. */
export function tokenFolderSolver(folder: string, passed: (call: 'present' | 'cleanUp') => unknown = () => {}): Solver {
  const file = (token: string): string => join(folder, token);
  return {
    type: 'http-01',
    present: async ({ token, keyAuthorization }) => {
      mkdirSync(folder, { recursive: true });
      writeFileSync(file(token), keyAuthorization);
      await passed('present');
    },
    wait: async () => {},
    cleanUp: async ({ token }) => {
      rmSync(file(token), { force: true });
      await passed('cleanUp');
    },
  };
}

/** Tokens that anybody could see now. */
export function presentedTokens(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Serves `.well-known/acme-challenge` from token folders on one port, as IIS would. Returns how to stop it. */
export function serveTokens(port: number, folders: () => readonly string[]): Promise<() => Promise<void>> {
  const server = createServer((request, response) => {
    const token = /^\/\.well-known\/acme-challenge\/([\w-]+)$/.exec(request.url ?? '')?.[1] ?? '';
    for (const folder of folders()) {
      try {
        response.end(readFileSync(join(folder, token)));
        return;
      } catch {
        // In the next one, perhaps.
      }
    }
    response.writeHead(404).end();
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () =>
      resolve(
        () =>
          new Promise((done) => {
            server.closeAllConnections();
            server.close(() => done());
          }),
      ),
    );
  });
}
