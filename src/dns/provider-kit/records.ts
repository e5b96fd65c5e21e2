import type { DnsProvider, TxtRecord } from '../../ports/dns-provider.ts';
import { unquoteTxt } from './txt-text.ts';
import type { Zone } from './zones.ts';

/** A TXT record as a host lists it. `value`: in quotes or not. */
export interface HostedRecord {
  readonly id: string;
  readonly value: string;
}

/** A host that knows each record by an identifier of its own. `Z`: what it needs to know of a zone besides the name. */
export interface RecordHost<Z> {
  /** The zone that holds a name; throws DNS_ZONE_NOT_FOUND. */
  zoneOf(name: string, signal?: AbortSignal): Promise<Zone<Z>>;
  /** All TXT records of the name, from every page; more than those do no harm as long as `value` tells them apart. */
  list(zone: Zone<Z>, name: string, signal?: AbortSignal): Promise<readonly HostedRecord[]>;
  add(zone: Zone<Z>, record: TxtRecord, signal?: AbortSignal): Promise<void>;
  /** No error when the record is gone. */
  remove(zone: Zone<Z>, id: string, signal?: AbortSignal): Promise<void>;
  /** Puts the changes of the zone in force, where the host wants to be told. */
  publish?(zone: Zone<Z>, signal?: AbortSignal): Promise<void>;
}

/** Such a host adds and removes single records, so that writers at the same name do not get into each other's way. */
export function recordProvider<Z>(host: RecordHost<Z>): DnsProvider {
  const find = async (zone: Zone<Z>, record: TxtRecord, signal?: AbortSignal): Promise<readonly HostedRecord[]> =>
    (await host.list(zone, record.name, signal)).filter(({ value }) => unquoteTxt(value) === record.value);

  return {
    present: async (record, signal) => {
      const zone = await host.zoneOf(record.name, signal);
      if ((await find(zone, record, signal)).length === 0) await host.add(zone, record, signal);
      // Also when there was nothing to do: an earlier attempt may have ended between the two.
      await host.publish?.(zone, signal);
    },
    cleanUp: async (record, signal) => {
      const zone = await host.zoneOf(record.name, signal);
      // Several, when an answer got lost and the record was added again.
      for (const { id } of await find(zone, record, signal)) await host.remove(zone, id, signal);
      await host.publish?.(zone, signal);
    },
    findZone: async (name, signal) => (await host.zoneOf(name, signal)).name,
  };
}
