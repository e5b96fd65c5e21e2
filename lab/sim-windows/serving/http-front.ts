import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { SiteFiles } from '../../../src/ports/windows-host.ts';
import type { Listener } from './listeners.ts';
import { chooseRoute, hostOfHeader, type Registration } from './routing.ts';
import { answerFromSite, type SiteAnswer } from './static-site.ts';
import type { MimeMap } from './static-content.ts';
import type { BoundUrl } from '../sites.ts';

const ANSWER_TIMEOUT_MS = 5000;

export interface HttpFront {
  /** Speaks HTTP on a connection to this listener, plain or after the handshake. */
  accept(socket: Socket, listener: Listener): void;
}

export function createHttpFront(world: {
  readonly urls: () => readonly BoundUrl[];
  readonly registrations: () => readonly Registration[];
  readonly files: SiteFiles;
  readonly serverTypes: () => MimeMap;
}): HttpFront {
  const servers = new WeakMap<Listener, Server>();

  const answer = async (listener: Listener, request: IncomingMessage): Promise<SiteAnswer> => {
    const host = hostOfHeader(request.headers.host ?? '');
    const path = (request.url ?? '/').replace(/^https?:\/\/[^/]*/i, '').split('?')[0] ?? '/';
    const route = chooseRoute(world.urls(), world.registrations(), listener, { host, path });
    switch (route.kind) {
      case 'no-host':
        return plain(400, '<h2>Bad Request - Invalid Hostname</h2>');
      case 'no-path':
        return plain(404, '<h2>Not Found</h2>');
      case 'registration': {
        const text = await withTimeout(route.registration.answer({ host, path }));
        return text === null ? plain(404, '') : { ...plain(200, text), contentType: 'text/plain' };
      }
      case 'site':
        if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'Method Not Allowed');
        return answerFromSite(route.url.site, world.files, world.serverTypes(), path);
    }
  };

  const serve = async (listener: Listener, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let result: SiteAnswer;
    try {
      result = await answer(listener, request);
    } catch {
      result = plain(503, '<h2>Service Unavailable</h2>');
    }
    response.writeHead(result.status, {
      'content-type': result.contentType,
      'content-length': result.body.length,
      server: 'Microsoft-IIS/10.0',
    });
    response.end(request.method === 'HEAD' ? undefined : result.body);
  };

  return {
    accept: (socket, listener) => {
      let server = servers.get(listener);
      if (server === undefined) {
        server = createServer((request, response) => void serve(listener, request, response));
        servers.set(listener, server);
      }
      server.emit('connection', socket);
    },
  };
}

function plain(status: number, text: string): SiteAnswer {
  return { status, subStatus: 0, contentType: 'text/html', body: Buffer.from(text) };
}

async function withTimeout(work: Promise<string | null>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  try {
    return await Promise.race([
      work,
      new Promise<never>((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error('no answer in time')), ANSWER_TIMEOUT_MS);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}
