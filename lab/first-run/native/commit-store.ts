import type { StoreName } from '../../../src/ports/windows-host.ts';
import type { Asking } from '../asking.ts';
import { nativeOf } from '../asking.ts';
import { millisecondsSince } from '../recording-host.ts';

// wincrypt.h
const CERT_STORE_PROV_SYSTEM_W = 10;
const LOCAL_MACHINE_EXISTING = 0x20000 | 0x4000;
const CERT_STORE_CTRL_COMMIT = 3;
const CERT_STORE_CTRL_COMMIT_FORCE_FLAG = 1;

export interface CommitStatus {
  readonly store: StoreName;
  readonly force: boolean;
  readonly status: number;
  readonly ms: number;
}

/** Opens stores for writing, changes nothing, and commits: with and without FORCE. */
export async function commitStatuses(asking: Asking, stores: readonly StoreName[]): Promise<readonly CommitStatus[]> {
  const native = nativeOf(asking);
  const { crypt32, ffi } = native;
  // The program itself never asks for this.
  const commit = ffi
    .open('crypt32')
    .func<(store: bigint, flags: number, control: number, parameter: null) => number>(
      'int32_t __stdcall CertControlStore(void *store, uint32_t flags, uint32_t control, void *parameter)',
    );
  const found: CommitStatus[] = [];
  for (const store of stores) {
    for (const force of [false, true]) {
      const began = performance.now();
      const status = await asking.call(`CertControlStore COMMIT${force ? '|FORCE' : ''} ${store}`, () => {
        const handle = crypt32.CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, LOCAL_MACHINE_EXISTING, store);
        if (!handle) return native.lastError('CertOpenStore').status;
        try {
          const flags = force ? CERT_STORE_CTRL_COMMIT_FORCE_FLAG : 0;
          const done = commit(handle, flags, CERT_STORE_CTRL_COMMIT, null);
          return done === 0 ? native.lastError('CertControlStore').status : 0;
        } finally {
          crypt32.CertCloseStore(handle, 0);
        }
      });
      found.push({ store, force, status, ms: millisecondsSince(began) });
    }
  }
  return found;
}
