import { EverbindError } from '../../src/errors/error.ts';
import type { ProviderParts } from '../../src/dns/provider-kit/definition.ts';
import { systemClock, systemRandom } from '../../src/net/system.ts';
import type { DnsMessage, RecordData, ResourceRecord } from '../../src/dns/wire/message.ts';
import type { Resolver } from '../../src/dns/resolver.ts';

/** A response with these contents at the name. */
export function answerWith(name: string, data: readonly RecordData[], more: Partial<DnsMessage> = {}): DnsMessage {
  const records = data.map(
    (content): ResourceRecord => ({
      name,
      typeNumber: 0,
      classNumber: 1,
      ttl: 60,
      data: content,
      start: 0,
      content: new Uint8Array(),
    }),
  );
  return {
    id: 0,
    response: true,
    opcode: 0,
    authoritative: false,
    truncated: false,
    rcode: 'NOERROR',
    questions: [],
    answers: records,
    authority: [],
    additional: [],
    ...more,
  };
}

/** A resolver that knows no zone's servers, as that of the lab, and the TXT values that `txt` gives. */
export function txtResolver(txt: (name: string) => Promise<readonly string[]>): Resolver {
  return {
    lookup: async (name, type) =>
      answerWith(name, type === 'TXT' ? (await txt(name)).map((text) => ({ type: 'TXT' as const, text })) : []),
    ask: () => Promise.reject(new EverbindError('DNS_QUERY_FAILED', 'there is no server to ask')),
    addresses: () => Promise.resolve([]),
  };
}

const unused = (): Promise<never> => Promise.reject(new Error('not reached'));

/** Parts that a provider under test does not use, to be spread below those that it does. */
export const idleParts: ProviderParts = {
  transport: unused,
  metadata: unused,
  clock: systemClock,
  random: systemRandom,
  resolver: txtResolver(() => Promise.resolve([])),
  exchange: unused,
  runProgram: unused,
  systemFolder: null,
  inTurn: (_key, work) => work(),
};
