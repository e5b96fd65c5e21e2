import type { HttpResponse } from '../../src/ports/transport.ts';
import type { RequestKind } from '../fault-proxy/request-kind.ts';
import { jsonOf, withJson } from '../fault-proxy/response.ts';
import type { QuirkPlay, QuirkRequest } from './quirk.ts';

type Json = Readonly<Record<string, unknown>>;

/** A problem document (RFC 7807) of this ACME type, or of a type that is a URL. */
export function problem(
  status: number,
  type: string,
  detail: string,
  headers: Readonly<Record<string, readonly string[]>> = {},
): HttpResponse {
  const whole = type.includes(':') ? type : `urn:ietf:params:acme:error:${type}`;
  return {
    status,
    headers: { 'content-type': ['application/problem+json'], ...headers },
    body: Buffer.from(JSON.stringify({ type: whole, detail, status })),
  };
}

/** Changes the JSON of every response to requests of this kind; null leaves it as it is. */
export function changing(kind: RequestKind | readonly RequestKind[], change: (json: Json) => Json | null): QuirkPlay {
  const kinds: readonly RequestKind[] = typeof kind === 'string' ? [kind] : kind;
  return {
    spoil: (request, response) => {
      const json = kinds.includes(request.kind) ? jsonOf(response) : null;
      if (json === null || response.status >= 400) return null;
      const changed = change(json);
      return changed === null ? null : withJson(response, changed);
    },
  };
}

/** Answers the first POST-as-GET of each URL of this kind in place of the CA. */
export function firstTime(kind: RequestKind, answer: (request: QuirkRequest) => HttpResponse): QuirkPlay {
  const met = new Set<string>();
  return {
    answer: (request) => {
      if (request.kind !== kind || met.has(request.path)) return null;
      met.add(request.path);
      return answer(request);
    },
  };
}

/** Changes the text of every certificate download. */
export function changingChain(change: (blocks: readonly string[]) => string): QuirkPlay {
  return {
    spoil: ({ kind }, response) => {
      if (kind !== 'certificate' || response.status !== 200) return null;
      const blocks =
        Buffer.from(response.body)
          .toString()
          .match(/-----BEGIN [^]+?-----END CERTIFICATE-----\n/g) ?? [];
      return { ...response, body: Buffer.from(change(blocks)) };
    },
  };
}

/** The challenges of an authorization. */
export function challengesOf(json: Json): readonly Json[] {
  return Array.isArray(json['challenges']) ? (json['challenges'] as readonly Json[]) : [];
}
