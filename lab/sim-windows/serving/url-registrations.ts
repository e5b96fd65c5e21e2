import { WindowsError } from '../../../src/errors/error.ts';
import { oldBelief } from '../../beliefs/old-belief.ts';
import type { Registration } from './routing.ts';

const ACCESS_DENIED = 5;
const SHARING_VIOLATION = 32;
const INVALID_PARAMETER = 87;
const ALREADY_EXISTS = 183;

/** URL prefixes that processes other than IIS have registered with http.sys. */
export interface UrlRegistrations {
  readonly current: () => readonly Registration[];
  /**
   * Throws WindowsError 87 for a bad prefix, 183 when it is taken, 5 when not elevated or reserved for another account,
   * 32 when the port belongs to somebody else.
   */
  add(prefix: string, answer: Registration['answer']): Promise<() => Promise<void>>;
}

/**
 * A reservation (`netsh http add urlacl`) of an account that is not the one of this process: neither the prefix nor any
 * below it can be registered. Whether http.sys says so by 5 or by 183 is not documented.
 */
export interface UrlReservation {
  /** As for `add`. */
  readonly prefix: string;
  readonly account: string;
  readonly status?: typeof ACCESS_DENIED | typeof ALREADY_EXISTS;
}

/** `changed` opens and closes sockets; it rejects with EADDRINUSE when a port is taken. */
export function createRegistrations(options: {
  readonly elevated: boolean;
  /** Ports that a process without http.sys listens on. */
  readonly foreignPorts: ReadonlySet<number>;
  readonly reservations: readonly UrlReservation[];
  /** For this long after its end a registration is still in the way: 183. */
  readonly lingerMs: number;
  readonly changed: () => Promise<void>;
}): UrlRegistrations {
  const registrations = new Set<Registration>();
  const ended = new Map<Registration, number>();
  const refusalOf = (registration: Registration): number | null => {
    if (!options.elevated) return ACCESS_DENIED;
    if (options.foreignPorts.has(registration.port)) return SHARING_VIOLATION;
    if (!oldBelief('D17')) {
      const reserved = options.reservations.find(({ prefix }) => isBelow(registration, parsePrefix(prefix, nobody)));
      if (reserved !== undefined) return reserved.status ?? ACCESS_DENIED;
      for (const [other, at] of ended) if (performance.now() - at >= options.lingerMs) ended.delete(other);
      if ([...ended.keys()].some((other) => sameUrl(other, registration))) return ALREADY_EXISTS;
    }
    return [...registrations].some((other) => sameUrl(other, registration)) ? ALREADY_EXISTS : null;
  };
  return {
    current: () => [...registrations],
    add: async (prefix, answer) => {
      const registration = parsePrefix(prefix, answer);
      const refusal = refusalOf(registration);
      if (refusal !== null) throw new WindowsError('HttpAddUrlToUrlGroup', refusal, { prefix });
      registrations.add(registration);
      const end = async (): Promise<void> => {
        if (!registrations.delete(registration)) return;
        ended.set(registration, performance.now());
        await options.changed();
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

const nobody: Registration['answer'] = async () => null;

function isBelow(registration: Registration, reserved: Registration): boolean {
  return sameUrl({ ...registration, path: reserved.path }, reserved) && registration.path.startsWith(reserved.path);
}

function sameUrl(left: Registration, right: Registration): boolean {
  return (
    left.scheme === right.scheme &&
    left.host.toLowerCase() === right.host.toLowerCase() &&
    left.port === right.port &&
    left.path === right.path
  );
}
