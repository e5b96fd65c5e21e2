import { setTimeout as sleep } from 'node:timers/promises';
import { WindowsError } from '../../src/errors/error.ts';
import type { AppcmdResult, SslRecordKey } from '../../src/ports/windows-host.ts';
import { oldBelief } from '../beliefs/old-belief.ts';
import type { HostCall } from './host-calls.ts';
import { sameKey } from './ssl-records.ts';

/** Which calls a fault is about: one call, or every call of a group (`certificates`). */
export type FaultTarget = HostCall | 'certificates' | 'keys' | 'sslRecords' | 'files';

/** Something that goes wrong on the simulated host until it is removed. */
export type Fault =
  /**
   * The call fails with a Win32 status, from its `nth` (default 1) occurrence, `times` times (default: always);
   * `afterEffect`: it takes effect all the same.
   */
  | {
      readonly kind: 'fail';
      readonly call: FaultTarget;
      readonly status: number;
      readonly nth?: number;
      readonly times?: number;
      readonly afterEffect?: boolean;
    }
  /** The call takes this long before it begins. */
  | { readonly kind: 'delay'; readonly call: FaultTarget; readonly ms: number }
  /** appcmd ends like this; `words`: only when the command begins with them, for example ['list', 'site']. */
  | {
      readonly kind: 'appcmd';
      readonly exitCode: number;
      readonly stdout: string | Uint8Array;
      readonly words?: readonly string[];
      readonly times?: number;
    }
  /** set, update and remove of this record report success and change nothing. */
  | { readonly kind: 'record-sticks'; readonly key: SslRecordKey }
  /**
   * What a client that asks for `host` ('' = without SNI, null = any) on this port (as configured, not as moved) gets:
   * another certificate, the leaf alone, a reset, or silence. `address`: only at this configured one.
   */
  | {
      readonly kind: 'serve';
      readonly host: string | null;
      readonly port: number;
      readonly how: 'wrong-certificate' | 'leaf-only' | 'reset' | 'silence';
      readonly address?: string;
    }
  /**
   * Somebody renewed a certificate and left CERT_RENEWAL_PROP_ID on the old one, as autoenrolment and the Key Vault
   * extension do: the renewed one, in the same store, is served wherever a record names the old one
   * (microsoft/IIS.Common #31). Thumbprints, lower case.
   */
  | { readonly kind: 'renewal-property'; readonly certificate: string; readonly renewed: string };

export type ServeFault = Extract<Fault, { kind: 'serve' }>['how'];

export interface ActiveFault {
  readonly id: number;
  readonly fault: Fault;
  /** How often it has taken effect. */
  readonly hits: number;
}

/** The switches; the same in the double's process and over RPC. */
export interface Faults {
  add(fault: Fault): Promise<number>;
  remove(id: number): Promise<void>;
  clear(): Promise<void>;
  list(): Promise<readonly ActiveFault[]>;
}

/** The switches, with the questions that the double asks them. */
export interface FaultBoard extends Faults {
  around<T>(call: HostCall, work: () => Promise<T>): Promise<T>;
  appcmd(args: readonly string[]): AppcmdResult | null;
  sticks(key: SslRecordKey): boolean;
  served(host: string, port: number, addresses: ReadonlySet<string>): ServeFault | null;
  /** The certificate that is served in place of this one. */
  renewed(thumbprint: string): string | null;
}

interface Switch {
  readonly id: number;
  readonly fault: Fault;
  seen: number;
  hits: number;
}

export function createFaults(): FaultBoard {
  const switches: Switch[] = [];
  let last = 0;
  const strike = (entry: Switch): true => {
    entry.hits += 1;
    return true;
  };
  const findFailure = (call: HostCall): Extract<Fault, { kind: 'fail' }> | null => {
    for (const entry of switches) {
      const { fault } = entry;
      if (fault.kind !== 'fail' || !concerns(fault.call, call)) continue;
      entry.seen += 1;
      if (entry.seen < (fault.nth ?? 1) || entry.hits >= (fault.times ?? Infinity)) continue;
      strike(entry);
      return fault;
    }
    return null;
  };
  return {
    add: async (fault) => {
      last += 1;
      switches.push({ id: last, fault, seen: 0, hits: 0 });
      return last;
    },
    remove: async (id) => {
      const index = switches.findIndex((entry) => entry.id === id);
      if (index >= 0) switches.splice(index, 1);
    },
    clear: async () => {
      switches.length = 0;
    },
    list: async () => switches.map(({ id, fault, hits }) => ({ id, fault, hits })),
    around: async (call, work) => {
      const delays = switches.filter(({ fault }) => fault.kind === 'delay' && concerns(fault.call, call));
      for (const entry of delays) {
        strike(entry);
        await sleep(entry.fault.kind === 'delay' ? entry.fault.ms : 0);
      }
      const failure = findFailure(call);
      if (failure === null) return work();
      if (failure.afterEffect === true) await work();
      throw new WindowsError(call, failure.status);
    },
    appcmd: (args) => {
      for (const entry of switches) {
        const { fault } = entry;
        if (fault.kind !== 'appcmd' || entry.hits >= (fault.times ?? Infinity)) continue;
        if (!(fault.words ?? []).every((word, index) => args[index]?.toLowerCase() === word.toLowerCase())) continue;
        strike(entry);
        const { exitCode, stdout } = fault;
        return { exitCode, stdout: typeof stdout === 'string' ? Buffer.from(stdout) : stdout };
      }
      return null;
    },
    sticks: (key) =>
      switches.some((entry) => entry.fault.kind === 'record-sticks' && sameKey(entry.fault.key, key) && strike(entry)),
    served: (host, port, addresses) => {
      for (const entry of switches) {
        const { fault } = entry;
        if (fault.kind !== 'serve' || fault.port !== port) continue;
        if (fault.host !== null && fault.host.toLowerCase() !== host.toLowerCase()) continue;
        if (fault.address !== undefined && !addresses.has(fault.address)) continue;
        strike(entry);
        return fault.how;
      }
      return null;
    },
    renewed: (thumbprint) => {
      if (oldBelief('D8')) return null;
      for (const entry of switches) {
        const { fault } = entry;
        if (fault.kind !== 'renewal-property' || fault.certificate !== thumbprint.toLowerCase()) continue;
        strike(entry);
        return fault.renewed;
      }
      return null;
    },
  };
}

function concerns(target: FaultTarget, call: HostCall): boolean {
  return call === target || call.startsWith(`${target}.`);
}
