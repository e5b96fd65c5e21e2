import type { DnsProvider, TxtRecord } from '../../ports/dns-provider.ts';
import { unquoteTxt } from './txt-text.ts';
import type { Zone } from './zones.ts';

/** A TXT record as a host lists it. `value`: in quotes or not. */
export interface HostedRecord {
  readonly id: string;
  readonly value: string;
}

/** A host that has an identifier for each record. `Z`: what its API needs besides the name of a zone. */
export interface RecordHost<Z> {
  /** The zone that holds a name; throws DNS_ZONE_NOT_FOUND. */
  zoneOf(name: string, signal?: AbortSignal): Promise<Zone<Z>>;
  /** All TXT records of the name, from every page. More than those do no harm, since `value` is compared. */
  list(zone: Zone<Z>, name: string, signal?: AbortSignal): Promise<readonly HostedRecord[]>;
  add(zone: Zone<Z>, record: TxtRecord, signal?: AbortSignal): Promise<void>;
  /** No error when the record is gone. */
  remove(zone: Zone<Z>, id: string, signal?: AbortSignal): Promise<void>;
  /** Publishes the changes of the zone, where the host needs a request for it. */
  publish?(zone: Zone<Z>, signal?: AbortSignal): Promise<void>;
}

/** Such a host adds and removes single records, so that several writers of one name lose nothing of each other's. */
export function recordProvider<Z>(host: RecordHost<Z>): DnsProvider {
  const find = async (zone: Zone<Z>, record: TxtRecord, signal?: AbortSignal): Promise<readonly HostedRecord[]> =>
    (await host.list(zone, record.name, signal)).filter(({ value }) => unquoteTxt(value) === record.value);

  return {
    present: async (record, signal) => {
      const zone = await host.zoneOf(record.name, signal);
      if ((await find(zone, record, signal)).length === 0) await host.add(zone, record, signal);
      // Also when there was nothing to add: an earlier attempt may have ended between the two.
      await host.publish?.(zone, signal);
    },
    cleanUp: async (record, signal) => {
      const zone = await host.zoneOf(record.name, signal);
      // Several, when a response was lost and the record was added again.
      for (const { id } of await find(zone, record, signal)) await host.remove(zone, id, signal);
      await host.publish?.(zone, signal);
    },
    findZone: async (name, signal) => (await host.zoneOf(name, signal)).name,
  };
}
