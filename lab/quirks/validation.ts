import { jsonOf, withJson } from '../fault-proxy/response.ts';
import type { Quirk } from './quirk.ts';
import { challengesOf } from './responses.ts';

const seen = (detail: string): object => ({ type: 'urn:ietf:params:acme:error:unauthorized', detail, status: 403 });

/** How a CA says what came of a validation. */
export const VALIDATION_QUIRKS: readonly Quirk[] = [
  {
    name: 'a failed challenge leaves its authorization and its order pending',
    source: 'smallstep/certificates pull request 2802',
    permits: { failedAttempts: 1, spareOrders: 1 },
    play: () => {
      let failed: string | null = null;
      const spoilt = { status: 'invalid', error: seen('the key authorization does not match') };
      const asInvalid = (json: Readonly<Record<string, unknown>>) => ({ ...json, ...spoilt });
      // What the CA itself holds, so that the failed challenge can be shown without asking it.
      const known = new Map<string, Readonly<Record<string, unknown>>>();
      return {
        answer: ({ kind, url }) => {
          const challenge = known.get(url);
          if (kind !== 'challenge' || challenge === undefined) return null;
          failed ??= url;
          if (failed !== url) return null;
          return {
            status: 200,
            headers: { 'content-type': ['application/json'] },
            body: Buffer.from(JSON.stringify(asInvalid(challenge))),
          };
        },
        spoil: ({ kind }, response) => {
          const json = kind === 'authorization' ? jsonOf(response) : null;
          if (json === null) return null;
          for (const challenge of challengesOf(json)) known.set(String(challenge['url']), challenge);
          if (!challengesOf(json).some(({ url }) => url === failed)) return null;
          const challenges = challengesOf(json).map((each) => (each['url'] === failed ? asInvalid(each) : each));
          return withJson(response, { ...json, challenges });
        },
      };
    },
  },
  {
    name: 'a challenge is pending with an error before it is valid',
    source: 'RFC 8555 section 8.2',
    play: () => {
      const asked = new Map<string, number>();
      const error = seen('the name could not be reached yet');
      const early = (path: string): boolean => {
        const times = (asked.get(path) ?? 0) + 1;
        asked.set(path, times);
        return times <= 3;
      };
      const pending = (challenge: Readonly<Record<string, unknown>>): object => {
        const { validated: _, ...rest } = challenge;
        return { ...rest, status: 'pending', error };
      };
      return {
        spoil: ({ kind, path }, response) => {
          const json = jsonOf(response);
          if (json === null || response.status >= 400) return null;
          if (kind === 'order' && json['status'] === 'ready' && early(path)) {
            return withJson(response, { ...json, status: 'pending' });
          }
          if (kind === 'challenge' && early(path)) return withJson(response, pending(json));
          if (kind === 'authorization' && json['status'] === 'valid' && early(path)) {
            return withJson(response, {
              ...json,
              status: 'pending',
              challenges: challengesOf(json).map(pending),
            });
          }
          return null;
        },
      };
    },
  },
];
