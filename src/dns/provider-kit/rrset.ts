import type { DnsProvider, TxtRecord } from '../../ports/dns-provider.ts';
import { conflict } from './provider-failure.ts';
import { quoteTxt, unquoteTxt } from './txt-text.ts';
import type { Zone } from './zones.ts';

/** All TXT values at a name as the host has them. */
export interface RecordSet {
  /** In the host's own form; the values of others are written back unchanged. Empty: there is no such set. */
  readonly values: readonly string[];
  /** Seconds; null when there is no set. */
  readonly ttl: number | null;
  /** What makes the write conditional, such as an ETag. */
  readonly version?: string;
  /** Everything else in the set, which is written back unchanged. */
  readonly kept?: Readonly<Record<string, unknown>>;
}

/** A host that writes all values of a name at once. `Z`: what its API needs besides the name of a zone. */
export interface RecordSetHost<Z> {
  /** The zone that holds a name; throws DNS_ZONE_NOT_FOUND. */
  zoneOf(name: string, signal?: AbortSignal): Promise<Zone<Z>>;
  read(zone: Zone<Z>, name: string, signal?: AbortSignal): Promise<RecordSet>;
  /**
   * Replaces the values of `before` by `values`, or removes the set when there are none. `conflict`: the host says that
   * the set is no longer as it was read.
   */
  write(
    change: {
      readonly zone: Zone<Z>;
      readonly name: string;
      readonly values: readonly string[];
      readonly before: RecordSet;
    },
    signal?: AbortSignal,
  ): Promise<'written' | 'conflict'>;
  /** How a value is sent, and what a sent one means; in quotes by default. */
  readonly form?: (value: string) => string;
  readonly meaning?: (text: string) => string;
}

/** Another writer may be quicker a few times, not always. */
const maxAttempts = 5;

/**
 * Reads the set, adds or removes one value, and writes it back; after a conflict once more. `inTurn` serializes our own
 * writers of one name.
 */
export function recordSetProvider<Z>(
  host: RecordSetHost<Z>,
  inTurn: <T>(key: string, work: () => Promise<T>) => Promise<T>,
): DnsProvider {
  const { form = quoteTxt, meaning = unquoteTxt } = host;

  async function change(
    record: TxtRecord,
    decide: (values: readonly string[]) => readonly string[] | null,
    signal?: AbortSignal,
  ): Promise<void> {
    const zone = await host.zoneOf(record.name, signal);
    await inTurn(record.name, async () => {
      for (let attempt = 1; attempt <= maxAttempts; attempt += 1) {
        const before = await host.read(zone, record.name, signal);
        const values = decide(before.values);
        if (values === null) return;
        if ((await host.write({ zone, name: record.name, values, before }, signal)) === 'written') return;
      }
      throw conflict(record.name, maxAttempts);
    });
  }

  return {
    present: (record, signal) =>
      change(
        record,
        (values) => (values.some((text) => meaning(text) === record.value) ? null : [...values, form(record.value)]),
        signal,
      ),
    cleanUp: (record, signal) =>
      change(
        record,
        (values) => {
          const others = values.filter((text) => meaning(text) !== record.value);
          return others.length === values.length ? null : others;
        },
        signal,
      ),
    findZone: async (name, signal) => (await host.zoneOf(name, signal)).name,
  };
}
