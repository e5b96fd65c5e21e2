import type { Quirk } from './quirk.ts';
import { problem } from './responses.ts';

/** What a CA does under load. */
export const PACE_QUIRKS: readonly Quirk[] = [
  {
    name: 'more than three new orders at a time fail',
    source: 'caddyserver/caddy, module acme_server',
    certificates: 42,
    play: () => ({
      answer: ({ kind, underWay }) =>
        kind === 'new-order' && underWay >= 3 ? problem(500, 'serverInternal', 'the order could not be stored') : null,
    }),
  },
  {
    name: 'an order is refused for a second',
    source: 'RFC 8555 section 6.6',
    play: () => {
      let refused = false;
      return {
        answer: ({ kind }) => {
          if (kind !== 'new-order' || refused) return null;
          refused = true;
          return problem(429, 'rateLimited', 'too many requests', { 'retry-after': ['1'] });
        },
      };
    },
  },
  {
    name: 'Retry-After is no time',
    source: 'RFC 9110 section 10.2.3',
    play: () => ({
      spoil: ({ kind }, response) =>
        ['order', 'finalize', 'authorization', 'challenge'].includes(kind)
          ? { ...response, headers: { ...response.headers, 'retry-after': ['soon'] } }
          : null,
    }),
  },
  {
    name: 'renewal information is a page',
    source: 'RFC 9773 section 4.2',
    play: () => ({
      answer: ({ kind }) =>
        kind === 'renewal-info'
          ? { status: 200, headers: { 'content-type': ['text/html'] }, body: Buffer.from('<h1>Welcome</h1>') }
          : null,
    }),
  },
];
