import type { Quirk, QuirkPlay } from './quirk.ts';
import { challengesOf, changing, firstTime, problem } from './responses.ts';

type Json = Readonly<Record<string, unknown>>;

const vendorChallenge = {
  type: 'vendor-email-02',
  url: 'https://127.0.0.1/vendor',
  status: 'pending',
  token: 'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA',
};

function without(json: Json, member: string): Json {
  return Object.fromEntries(Object.entries(json).filter(([name]) => name !== member));
}

/** Beside the challenges of a pending authorization. */
const beside = (challenge: object) =>
  changing('authorization', (json) =>
    json['status'] === 'pending' ? { ...json, challenges: [challenge, ...challengesOf(json)] } : null,
  );

/** Valid authorizations of an order that is not said to be ready at once, so that they are looked at. */
const ofValid = (change: (json: Json) => Json): QuirkPlay => {
  const authorizations = changing('authorization', (json) => (json['status'] === 'valid' ? change(json) : null));
  const orders = changing('new-order', (json) => (json['status'] === 'ready' ? { ...json, status: 'pending' } : null));
  return {
    spoil: (request, response) =>
      authorizations.spoil?.(request, response) ?? orders.spoil?.(request, response) ?? null,
  };
};

// At the second renewal they are valid from the start.
const reusing = { reuseAuthorizationsPercent: 100 };

/** Objects that lack something, have too much, or are not there yet. */
export const OBJECT_QUIRKS: readonly Quirk[] = [
  {
    name: 'a finalized order is unknown once',
    source: 'go-acme/lego#2518',
    play: () => {
      const finalized = new Set<string>();
      return {
        spoil: ({ kind, path }) => {
          if (kind === 'finalize') finalized.add(path.split('/').at(-1) ?? '');
          return null;
        },
        answer: ({ kind, path }) =>
          kind === 'order' && finalized.delete(path.split('/').at(-1) ?? '')
            ? problem(404, 'malformed', 'no such order')
            : null,
      };
    },
  },
  {
    name: 'a new authorization is unknown once',
    source: 'go-acme/lego#674',
    play: () => firstTime('authorization', () => problem(404, 'malformed', 'no such authorization')),
  },
  {
    name: 'a new certificate is unknown once',
    source: 'go-acme/lego#674',
    play: () => firstTime('certificate', () => problem(404, 'malformed', 'no such certificate')),
  },
  {
    name: 'a valid authorization lists no challenges',
    source: 'nginx/nginx-acme#81',
    pebble: reusing,
    play: () => ofValid((json) => without(json, 'challenges')),
  },
  {
    name: 'a valid authorization has null for challenges',
    source: 'rmbolger/Posh-ACME#626',
    pebble: reusing,
    play: () => ofValid((json) => ({ ...json, challenges: null })),
  },
  {
    name: 'a valid authorization has a challenge without a token',
    source: 'nginx/nginx-acme#81',
    pebble: reusing,
    play: () => ofValid((json) => ({ ...json, challenges: challengesOf(json).map((each) => without(each, 'token')) })),
  },
  {
    name: 'a ready order has null for authorizations',
    source: 'cert-manager/cert-manager#2700',
    play: () =>
      changing(['order', 'new-order', 'finalize'], (json) =>
        json['status'] === 'pending' ? null : { ...json, authorizations: null },
      ),
  },
  {
    name: 'a challenge of an unknown type has an odd token',
    source: 'acmesh-official/acme.sh#4150',
    play: () => beside({ ...vendorChallenge, token: 'a.b' }),
  },
  {
    name: 'a challenge of an unknown type has no URL',
    source: 'acmesh-official/acme.sh#4150',
    play: () => beside({ type: 'vendor-email-02', status: 'pending' }),
  },
  {
    name: 'a challenge that is not used has a short token',
    source: 'acmesh-official/acme.sh#4150',
    play: () =>
      changing('authorization', (json) => ({
        ...json,
        challenges: challengesOf(json).map((challenge) =>
          challenge['type'] === 'tls-alpn-01' ? { ...challenge, token: 'short' } : challenge,
        ),
      })),
  },
  {
    name: 'times have odd zones',
    source: 'vacp2p/nim-libp2p#2975',
    play: () =>
      changing(['order', 'new-order', 'finalize', 'authorization'], (json) =>
        typeof json['expires'] === 'string' ? { ...json, expires: json['expires'].replace(/Z$/, ' +0000') } : null,
      ),
  },
  {
    name: 'the directory has a text for caaIdentities',
    source: 'vacp2p/nim-libp2p#2975',
    play: () =>
      changing('directory', (json) => ({ ...json, meta: { ...(json['meta'] as object), caaIdentities: 'ca.test' } })),
  },
  {
    name: 'the account has an empty text for orders',
    source: 'RFC 8555 section 7.1.2',
    play: () => changing(['account', 'new-account'], (json) => ({ ...json, orders: '' })),
  },
];
