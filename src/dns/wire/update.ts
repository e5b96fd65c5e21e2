import type { TxtRecord } from '../../ports/dns-provider.ts';
import { CLASS_IN, CLASS_NONE, encodeHeader, TYPES, uint16, uint32 } from './message.ts';
import { encodeName } from './name.ts';

/** Opcode UPDATE (RFC 2136 section 2.2). */
export const OPCODE_UPDATE = 5;

/**
 * An update (RFC 2136) of one TXT value: added beside others (section 2.5.1), or removed alone (section 2.5.4). Both
 * are safe to repeat: the server ignores the addition of a record that exists and the deletion of one that does not
 * (section 3.4.2).
 */
export function encodeUpdate(
  id: number,
  zone: string,
  change: { readonly action: 'add' | 'delete'; readonly record: TxtRecord; readonly ttl: number },
): Uint8Array {
  const { action, record, ttl } = change;
  const value = Buffer.from(record.value, 'latin1');
  const content = Buffer.concat([uint16(value.length + 1), Uint8Array.of(value.length), value]);
  return Buffer.concat([
    encodeHeader(id, OPCODE_UPDATE << 11, [1, 0, 1, 0]),
    encodeName(zone),
    uint16(TYPES.SOA),
    uint16(CLASS_IN),
    encodeName(record.name),
    uint16(TYPES.TXT),
    uint16(action === 'add' ? CLASS_IN : CLASS_NONE),
    uint32(action === 'add' ? ttl : 0),
    content,
  ]);
}
