import { readFileSync, readlinkSync } from 'node:fs';

/** Tells one run of one process from every other, as far as the system lets us. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When the process started, in the system's own units; null where the system does not say. A pid used again differs here. */
  readonly started: string | null;
  /** Names the boot of the machine; null where the system does not say. Pids mean nothing across boots or machines. */
  readonly boot: string | null;
  /** The process namespace that the pid belongs to (containers); null where there is none. */
  readonly namespace: string | null;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return { pid: process.pid, started: startTime(process.pid), boot: bootId(), namespace: pidNamespace() };
}

/** Whether that process is certainly gone. False when it lives or when nobody can tell. */
export function isGone(identity: ProcessIdentity): boolean {
  const boot = bootId();
  // A database in this mode cannot be shared between machines, so another boot is an earlier one.
  if (boot !== null && identity.boot !== null && identity.boot !== boot) return true;
  if (identity.boot !== boot || identity.namespace !== pidNamespace()) return false;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const started = startTime(identity.pid);
  return started !== null && identity.started !== null && started !== identity.started;
}

function bootId(): string | null {
  return readText('/proc/sys/kernel/random/boot_id');
}

function startTime(pid: number): string | null {
  // Field 22 of proc_pid_stat(5); the second field may hold spaces and parentheses, so count from the last one.
  const stat = readText(`/proc/${pid}/stat`);
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function pidNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return null;
  }
}

function readText(path: string): string | null {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null;
  }
}
