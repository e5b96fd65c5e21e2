import type { Quirk, QuirkPlay } from './quirk.ts';
import { problem } from './responses.ts';

/** The account's list of orders is of no use, and the response to the first order is lost. */
const withoutList = (list: NonNullable<QuirkPlay['answer']>): QuirkPlay => {
  let lost = false;
  return {
    loses: ({ kind }, { status }) => {
      const loses = kind === 'new-order' && status === 201 && !lost;
      lost ||= loses;
      return loses;
    },
    answer: (request) => (request.kind === 'orders' ? list(request) : null),
  };
};

/** Accounts, and what a CA lists of them. */
export const ACCOUNT_QUIRKS: readonly Quirk[] = [
  {
    name: 'an account can be looked up only with an external account binding',
    source: 'cert-manager/cert-manager#7388',
    permits: { unplayed: true },
    rollover: 'done',
    play: () => ({
      answer: ({ kind, payload }) =>
        kind === 'new-account' && payload?.['onlyReturnExisting'] === true
          ? problem(401, 'externalAccountRequired', 'an external account binding is required')
          : null,
    }),
  },
  {
    name: 'the key change is listed and answered with 501',
    source: 'smallstep/certificates, handler of key-change',
    rollover: 'refused',
    play: () => ({
      answer: ({ kind }) => (kind === 'key-change' ? problem(501, 'rateLimited', 'no key change here') : null),
    }),
  },
  {
    name: 'the list of orders is a bare array',
    source: 'caddyserver/caddy, module acme_server',
    permits: { failedAttempts: 1, spareOrders: 1 },
    play: () =>
      withoutList(() => ({ status: 200, headers: { 'content-type': ['application/json'] }, body: Buffer.from('[]') })),
  },
  {
    name: 'the list of orders fails',
    source: 'caddyserver/caddy, module acme_server',
    permits: { failedAttempts: 1, spareOrders: 1 },
    play: () => withoutList(() => problem(500, 'serverInternal', 'no orders were found')),
  },
];
