import type { HttpResponse } from '../../src/ports/transport.ts';
import type { RequestKind } from './request-kind.ts';

/**
 * How far an exchange comes before its connection breaks. `request`: nothing was read beyond the headers, nothing
 * forwarded. `response`: the CA has done it, and not one octet of the response is sent. The others: somewhere inside
 * that part of the response; `end`: the whole body is sent, and not what ends it.
 */
export type CutPoint = 'request' | 'response' | 'status-line' | 'headers' | 'body' | 'end';

/** What can go wrong with one exchange between a client and its CA. */
export type Fault =
  /** The response comes late. */
  | { readonly kind: 'latency'; readonly ms: number }
  | { readonly kind: 'cut'; readonly at: CutPoint }
  /** Not forwarded; a gateway answers instead. */
  | {
      readonly kind: 'refusal';
      readonly status: 429 | 500 | 503;
      readonly retryAfter: { readonly form: 'seconds' | 'date'; readonly seconds: number } | null;
    }
  /** Forwarded; the response is well-formed HTTP and of no use. */
  | { readonly kind: 'garbled'; readonly how: 'truncated' | 'oversized' | 'content-type' }
  /** The response lacks its nonce, or has one that was used. */
  | { readonly kind: 'nonce'; readonly how: 'lost' | 'repeated' }
  /**
   * `request`: forwarded twice, the second response counts. `response`: forwarded, and answered with what was the
   * response at this URL before.
   */
  | { readonly kind: 'duplicate'; readonly what: 'request' | 'response' }
  /** Forwarded; the response is one of a CA with a quirk. null: there is nothing to change. */
  | { readonly kind: 'quirk'; change(kind: RequestKind, response: HttpResponse): HttpResponse | null }
  /** The order is `processing` from now on and for ever; the CA never hears of the request for the certificate. */
  | { readonly kind: 'stuck' };

/** A fault of the table. */
export interface NamedFault {
  /** Unique; for counting. */
  readonly name: string;
  readonly fault: Fault;
  /** Only these requests can meet it; all by default. */
  readonly on?: readonly RequestKind[];
}
