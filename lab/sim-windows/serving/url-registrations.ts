import { WindowsError } from '../../../src/errors/error.ts';
import type { Registration } from './routing.ts';

const ACCESS_DENIED = 5;
const SHARING_VIOLATION = 32;
const INVALID_PARAMETER = 87;
const ALREADY_EXISTS = 183;

/** URL prefixes that processes other than IIS have registered with http.sys. */
export interface UrlRegistrations {
  readonly current: () => readonly Registration[];
  /**
   * Throws WindowsError 87 for a bad prefix, 183 when it is taken, 5 when not elevated, 32 when the port belongs to
   * somebody else.
   */
  add(prefix: string, answer: Registration['answer']): Promise<() => Promise<void>>;
}

/** `changed` opens and closes sockets; it rejects with EADDRINUSE when a port is taken. */
export function createRegistrations(options: {
  readonly elevated: boolean;
  /** Ports that a process without http.sys listens on. */
  readonly foreignPorts: ReadonlySet<number>;
  readonly changed: () => Promise<void>;
}): UrlRegistrations {
  const registrations = new Set<Registration>();
  return {
    current: () => [...registrations],
    add: async (prefix, answer) => {
      const registration = parsePrefix(prefix, answer);
      if (!options.elevated) throw new WindowsError('HttpAddUrlToUrlGroup', ACCESS_DENIED, { prefix });
      if (options.foreignPorts.has(registration.port)) {
        throw new WindowsError('HttpAddUrlToUrlGroup', SHARING_VIOLATION, { prefix });
      }
      if ([...registrations].some((other) => sameUrl(other, registration))) {
        throw new WindowsError('HttpAddUrlToUrlGroup', ALREADY_EXISTS, { prefix });
      }
      registrations.add(registration);
      const end = async (): Promise<void> => {
        if (registrations.delete(registration)) await options.changed();
      };
      try {
        await options.changed();
      } catch (error) {
        registrations.delete(registration);
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
        throw new WindowsError('HttpAddUrlToUrlGroup', SHARING_VIOLATION, { prefix });
      }
      return end;
    },
  };
}

/** `scheme://host:port/path/`, port and trailing slash included, as UrlPrefix strings must be. */
export function parsePrefix(prefix: string, answer: Registration['answer']): Registration {
  const parts = /^(https?):\/\/(\+|\*|[^\s/:+*]+):(\d{1,5})(\/(?:[^\s?#%]*\/)?)$/.exec(prefix);
  const [, scheme, host, portText, path] = parts ?? [];
  const port = Number(portText);
  if ((scheme !== 'http' && scheme !== 'https') || host === undefined || path === undefined) throw invalid(prefix);
  if (port < 1 || port > 65535) throw invalid(prefix);
  return { scheme, host, port, path: path.toLowerCase(), answer };
}

function invalid(prefix: string): WindowsError {
  return new WindowsError('HttpAddUrlToUrlGroup', INVALID_PARAMETER, { prefix: prefix.slice(0, 200) });
}

function sameUrl(left: Registration, right: Registration): boolean {
  return (
    left.scheme === right.scheme &&
    left.host.toLowerCase() === right.host.toLowerCase() &&
    left.port === right.port &&
    left.path === right.path
  );
}
