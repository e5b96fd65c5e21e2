import type { Clock } from '../ports/clock.ts';
import type { KeyStore } from '../ports/key-store.ts';
import type { WindowsHost } from '../ports/windows-host.ts';
import type { Probe } from '../verify/probe.ts';
import type { LocalCa } from './local-ca.ts';
import type { RecordedProbe } from './recorded-probe.ts';

/** What every part of a self-test works with. */
export interface Bench {
  readonly host: WindowsHost;
  /** Where the keys of the test are made. */
  readonly keys: KeyStore;
  readonly ca: LocalCa;
  readonly clock: Clock;
  /** Writes its handshakes down. */
  readonly recorded: RecordedProbe;
  /** Does not: for handshakes one after the other, as fast as they go. */
  readonly probe: Probe;
}
