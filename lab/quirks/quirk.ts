import type { RequestKind } from '../fault-proxy/request-kind.ts';
import type { HttpResponse } from '../../src/ports/transport.ts';
import type { PebbleOptions } from '../pebble/server.ts';

/** What a front before a CA knows of a request. */
export interface QuirkRequest {
  readonly kind: RequestKind;
  /** Scheme, host, port and path, as the client has it. */
  readonly url: string;
  readonly path: string;
  /** What the client signed; null for no JSON object. */
  readonly payload: Readonly<Record<string, unknown>> | null;
  /** Requests of this kind that the CA is at work on. */
  readonly underWay: number;
}

/** One run of a quirk; it may remember. */
export interface QuirkPlay {
  /** Answers in place of the CA, which does not hear of the request; null: the CA is asked. */
  readonly answer?: (request: QuirkRequest) => HttpResponse | null;
  /** What the client gets in place of this response; null: the response as it is. */
  readonly spoil?: (request: QuirkRequest, response: HttpResponse) => HttpResponse | null;
  /** Whether the client gets no response at all, although the CA has done what it was asked for. */
  readonly loses?: (request: QuirkRequest, response: HttpResponse) => boolean;
}

/** What a play may use of the CA that it stands before. */
export interface QuirkStage {
  /** Root number `index` of the CA (PEM). */
  rootPem(index?: number): Promise<string>;
}

/** Something that a CA, or the machine, does otherwise than usual, and with which renewals have to succeed. */
export interface Quirk {
  /** Unique. */
  readonly name: string;
  /** Where it was met: a public report, or the section that permits it. */
  readonly source: string;
  /** What is absent is at its best: no attempt fails, and the CA makes one order for each certificate. */
  readonly permits?: {
    readonly failedAttempts?: number;
    readonly spareOrders?: number;
    /** The program may do without what the CA refuses. */
    readonly unplayed?: true;
  };
  readonly pebble?: PebbleOptions;
  /** How many certificates are renewed at a time; 3 by default. */
  readonly certificates?: number;
  readonly machine?: {
    /** How far the machine's clock is ahead, milliseconds, until the first attempt has failed. */
    readonly clockAheadMs?: number;
    /** Until the first attempt has failed, the configuration lacks the CA's root. */
    readonly withoutRoots?: true;
    /** Which of the CA's roots the machine trusts; 0 by default. */
    readonly trustedRoot?: number;
  };
  /** The account gets a new key between the two renewals. `refused`: the CA does not change it. */
  readonly rollover?: 'done' | 'refused';
  /** A quirk of the machine alone has none. */
  readonly play?: (stage: QuirkStage) => Promise<QuirkPlay> | QuirkPlay;
}
