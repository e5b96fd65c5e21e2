import { WindowsError } from '../../errors/error.ts';
import type { HttpServer } from '../../ports/windows-host.ts';
import type { Native } from '../ffi/native.ts';
import { runRequestLoop } from './request-loop.ts';
import { openRequestQueue } from './request-queue.ts';
import { STATUS } from '../status.ts';

type Responder = (request: { host: string; path: string }) => string | null | Promise<string | null>;

/** As the port has it; a response may also be a promise. */
export interface NativeHttpServer extends HttpServer {
  serve(prefix: string, respond: Responder): Promise<() => Promise<void>>;
}

interface Running {
  register(prefix: string, respond: Responder): () => Promise<void>;
}

/**
 * HTTP Server API 2.0: http.sys shares the port with IIS. All registrations of this process share one queue, which is
 * closed with the last of them: under Wine, closing a queue closes the port for the others too.
 */
export function createHttpServer(native: Native): NativeHttpServer {
  let running: Running | null = null;
  return {
    serve: async (prefix, respond) => {
      if (!isPrefix(prefix)) throw new WindowsError('HttpAddUrlToUrlGroup', STATUS.INVALID_PARAMETER, { prefix });
      running ??= run(native, () => {
        running = null;
      });
      return running.register(prefix, respond);
    },
  };
}

// `scheme://host:port/path/`, the form of UrlPrefix strings.
function isPrefix(prefix: string): boolean {
  const match = /^https?:\/\/[^/:\s]+:([0-9]{1,5})\/(?:[^?#\s]*\/)?$/.exec(prefix);
  const port = Number(match?.[1] ?? 0);
  return port >= 1 && port <= 65535;
}

/** Calls `ending` when the last registration ends, before anything is closed. */
function run(native: Native, ending: () => void): Running {
  const responders = new Map<bigint, Responder>();
  const queue = openRequestQueue(native);
  const stop = runRequestLoop(native, queue.handle, ({ context, host, path }) =>
    // A request may still be in the queue when its registration has ended.
    (responders.get(context) ?? (() => null))({ host, path }),
  );
  let last = 0n;

  const endIfUnused = async (): Promise<void> => {
    if (responders.size > 0) return;
    ending();
    await stop();
    queue.close();
  };

  return {
    register: (prefix, respond) => {
      last += 1n;
      const context = last;
      responders.set(context, respond);
      let unregister: () => void;
      try {
        unregister = queue.register(prefix, context);
      } catch (error) {
        responders.delete(context);
        void endIfUnused();
        throw error;
      }
      let ended: Promise<void> | null = null;
      const end = async (): Promise<void> => {
        unregister();
        responders.delete(context);
        await endIfUnused();
      };
      return () => {
        ended ??= end();
        return ended;
      };
    },
  };
}
