import type { HttpResponse } from '../../src/ports/transport.ts';
import type { NamedFault } from '../fault-proxy/fault.ts';
import type { RequestKind } from '../fault-proxy/request-kind.ts';
import { QUIRKS } from '../quirks/catalogue.ts';
import type { QuirkRequest } from '../quirks/quirk.ts';

/** Quirks of one response, which need to remember nothing, and where they show. */
const WHERE: Readonly<Record<string, readonly RequestKind[]>> = {
  'a ready order has null for authorizations': ['order', 'finalize'],
  'a challenge of an unknown type has an odd token': ['authorization'],
  'a challenge of an unknown type has no URL': ['authorization'],
  'a challenge that is not used has a short token': ['authorization'],
  'times have odd zones': ['new-order', 'order', 'authorization', 'finalize'],
  'the directory has a text for caaIdentities': ['directory'],
  'the account has an empty text for orders': ['new-account', 'account'],
  'text stands between the certificates': ['certificate'],
  'the certificate stands there twice': ['certificate'],
  'Retry-After is no time': ['order', 'finalize', 'authorization', 'challenge'],
};

/** Such quirks as faults of a proxy, each met by single responses. */
export async function quirkFaults(): Promise<readonly NamedFault[]> {
  const faults: NamedFault[] = [];
  for (const [name, on] of Object.entries(WHERE)) {
    const quirk = QUIRKS.find((each) => each.name === name);
    const play = await quirk?.play?.({ rootPem: () => Promise.reject(new Error('this quirk needs no root')) });
    const { spoil } = play ?? {};
    if (spoil === undefined) throw new Error(`there is no quirk ${name} that changes responses`);
    const change = (kind: RequestKind, response: HttpResponse): HttpResponse | null => spoil(requestOf(kind), response);
    faults.push({ name: `quirk: ${name}`, fault: { kind: 'quirk', change }, on });
  }
  return faults;
}

function requestOf(kind: RequestKind): QuirkRequest {
  return { kind, url: '', path: '', payload: null, underWay: 0 };
}
