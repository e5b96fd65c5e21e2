import type { Json } from '../ports/deployment.ts';
import { canonicalJson } from './canonical-json.ts';

/** What is to be logged. */
export interface AuditEvent {
  /** `order.created` */
  readonly type: string;
  /** What it is about: the name of a managed certificate, an issuer. */
  readonly subject: string;
  readonly data: Json;
}

/** The leaf of an event: its canonical JSON. `seq` counts from 0, `time` is ms since 1970. */
export function encodeEvent(event: AuditEvent, seq: number, time: number): string {
  return canonicalJson({
    v: 1,
    seq,
    time: new Date(time).toISOString(),
    type: event.type,
    subject: event.subject,
    data: event.data,
  });
}
