import type { CutPoint, NamedFault } from './fault.ts';

const CUTS: readonly CutPoint[] = ['request', 'response', 'status-line', 'headers', 'body', 'end'];

/** Everything that a proxy can do to an exchange. */
export const FAULTS: readonly NamedFault[] = [
  { name: 'latency', fault: { kind: 'latency', ms: 60 } },
  ...CUTS.map((at): NamedFault => ({ name: `cut ${at}`, fault: { kind: 'cut', at } })),
  ...([429, 503] as const).flatMap((status): NamedFault[] => [
    { name: `${status}`, fault: { kind: 'refusal', status, retryAfter: null } },
    {
      name: `${status} seconds`,
      fault: { kind: 'refusal', status, retryAfter: { form: 'seconds', seconds: 600 } },
    },
    {
      name: `${status} date`,
      fault: { kind: 'refusal', status, retryAfter: { form: 'date', seconds: 3600 } },
    },
  ]),
  { name: '500', fault: { kind: 'refusal', status: 500, retryAfter: null } },
  { name: 'truncated body', fault: { kind: 'garbled', how: 'truncated' } },
  { name: 'oversized body', fault: { kind: 'garbled', how: 'oversized' } },
  { name: 'wrong content type', fault: { kind: 'garbled', how: 'content-type' } },
  { name: 'lost nonce', fault: { kind: 'nonce', how: 'lost' } },
  { name: 'repeated nonce', fault: { kind: 'nonce', how: 'repeated' } },
  { name: 'duplicate request', fault: { kind: 'duplicate', what: 'request' } },
  { name: 'duplicate response', fault: { kind: 'duplicate', what: 'response' } },
  { name: 'stuck order', fault: { kind: 'stuck' }, on: ['finalize'] },
];
