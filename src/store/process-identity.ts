import { readFileSync, readlinkSync } from 'node:fs';

/** Tells one run of a process from every other, as far as the system allows. */
export interface ProcessIdentity {
  readonly pid: number;
  /**
   * When the process started, in the system's own units; null where the system does not say. It differs when a pid is
   * used again.
   */
  readonly started: string | null;
  /** The boot of the machine; null where the system does not say. Pids mean nothing across boots or machines. */
  readonly boot: string | null;
  /** The process namespace that the pid belongs to (containers); null where there is none. */
  readonly namespace: string | null;
}

/** This process. */
export function ownIdentity(): ProcessIdentity {
  return {
    pid: process.pid,
    started: processStat(process.pid)?.started ?? null,
    boot: bootId(),
    namespace: pidNamespace(),
  };
}

/** Whether that process has certainly ended. False when it lives or when we cannot know. */
export function isGone(identity: ProcessIdentity): boolean {
  const boot = bootId();
  // Machines cannot share a database in WAL mode, so another boot is an earlier one.
  if (boot !== null && identity.boot !== null && identity.boot !== boot) return true;
  if (identity.boot !== boot || identity.namespace !== pidNamespace()) return false;
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const stat = processStat(identity.pid);
  // Dead, but its parent has not yet asked for the exit status.
  if (stat?.state === 'Z' || stat?.state === 'X') return true;
  const started = stat?.started ?? null;
  return started !== null && identity.started !== null && started !== identity.started;
}

function bootId(): string | null {
  return readText('/proc/sys/kernel/random/boot_id');
}

/**
 * proc_pid_stat(5): field 3 is the state, field 22 the start time. The second field may hold spaces and parentheses, so
 * we count from its end.
 */
function processStat(pid: number): { readonly state: string; readonly started: string } | null {
  const stat = readText(`/proc/${pid}/stat`);
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ') ?? [];
  const [state, started] = [fields[0], fields[19]];
  return state === undefined || started === undefined ? null : { state, started };
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
