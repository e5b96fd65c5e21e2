import { createHostPace } from '../../cloud/host-pace.ts';
import { EverbindError } from '../../errors/error.ts';
import { ipVersion } from '../../pki/x509/ip-address.ts';
import type { TxtRecord } from '../../ports/dns-provider.ts';
import { encodeQuery, type DnsMessage, TYPES } from '../wire/message.ts';
import { isWithin } from '../wire/name.ts';
import { messageId } from '../resolver.ts';
import { type DnsServer, serverText } from '../wire/server-text.ts';
import { signMessage, TSIG_ALGORITHMS, type TsigKey, verifyMessage } from '../wire/tsig.ts';
import { encodeUpdate } from '../wire/update.ts';
import type { ProviderDefinition } from '../provider-kit/definition.ts';
import { wrongSetting, zoneNotFound } from '../provider-kit/provider-failure.ts';
import { isBusy, whileBusy } from '../provider-kit/retry.ts';
import { optional, required, timeToLive, TTL_SETTING } from '../provider-kit/settings.ts';

type Settings = Readonly<Record<string, string>>;

/** Any server that takes signed dynamic updates (RFC 2136, RFC 8945): BIND, Knot DNS, PowerDNS, and many hosts. */
export const rfc2136: ProviderDefinition = {
  name: 'rfc2136',
  title: 'Dynamic update with TSIG',
  settings: [
    {
      name: 'server',
      required: true,
      secret: false,
      description: 'Primary server of the zone: an address or a full host name, with a port when it is not 53.',
      example: '192.0.2.53',
    },
    { name: 'keyName', required: true, secret: false, description: 'Name of the TSIG key.', example: 'acme-shop' },
    { name: 'keySecret', required: true, secret: true, description: 'The TSIG key in base64, as key files have it.' },
    {
      name: 'keyAlgorithm',
      required: false,
      secret: false,
      description: `One of ${TSIG_ALGORITHMS.join(', ')}.`,
      default: 'hmac-sha256',
    },
    {
      name: 'zone',
      required: false,
      secret: false,
      description: 'The zone to update, when the server is not to be asked which one it is.',
    },
    {
      name: 'transport',
      required: false,
      secret: false,
      description: '`tcp` to never use UDP; otherwise TCP is used where UDP does not get through.',
      default: 'udp',
    },
    TTL_SETTING,
  ],
  privilege:
    'A TSIG key that may update TXT records of one name only: in BIND `grant KEY name _acme-challenge.shop.example.com. TXT;` in an update-policy, in Knot DNS an acl with `update-owner-name` and `update-type: [TXT]`.',
  testedAgainst: 'real: BIND 9, Knot DNS, PowerDNS',
  documentation: 'https://www.rfc-editor.org/rfc/rfc2136',
  create: (settings, { exchange, resolver, clock, random }) => {
    const key = keyOf(settings);
    const server = hostAndPort(required(settings, 'server'));
    const transport = transportOf(settings);
    const ttl = timeToLive(settings);
    const fixed = optional(settings, 'zone')?.toLowerCase().replace(/\.$/, '') ?? null;

    async function send(message: Uint8Array, signal?: AbortSignal): Promise<DnsMessage> {
      const signed = signMessage(message, key, clock.now());
      let failure: unknown = null;
      for (const address of await resolver.addresses(server.host, signal)) {
        const target: DnsServer = { address, port: server.port };
        try {
          const response = await exchange(target, signed.octets, transport, signal);
          return check(response.message, response.octets, target, signed.mac);
        } catch (error) {
          signal?.throwIfAborted();
          // A host may have addresses that cannot be reached from here. What a server answers is final.
          if (!(error instanceof EverbindError) || error.code !== 'DNS_QUERY_FAILED') throw error;
          failure = error;
        }
      }
      throw failure ?? new EverbindError('DNS_QUERY_FAILED', `${server.host} has no address`, { server: server.host });
    }

    function check(message: DnsMessage, octets: Uint8Array, target: DnsServer, mac: Uint8Array): DnsMessage {
      const signed = message.additional.some(({ typeNumber }) => typeNumber === TYPES.TSIG);
      // Some errors are unsigned. An attacker who forges one achieves no more than by dropping the response.
      if (signed || message.rcode === 'NOERROR') verifyMessage(octets, key, clock.now(), mac);
      if (message.rcode !== 'NOERROR' && message.rcode !== 'NXDOMAIN') throw rcodeError(message.rcode, target);
      return message;
    }

    async function zoneOf(name: string, signal?: AbortSignal): Promise<string> {
      if (fixed !== null) {
        if (!isWithin(name, fixed)) throw zoneNotFound(server.host, name);
        return fixed;
      }
      const { answers, authority } = await send(encodeQuery(messageId(random), name, 'SOA', false), signal);
      const owner = [...answers, ...authority].find(
        ({ name: zone, data }) => data.type === 'SOA' && isWithin(name, zone),
      );
      if (owner === undefined) throw zoneNotFound(server.host, name);
      return owner.name;
    }

    // A server that is asked for too much at a time responds SERVFAIL or drops what it cannot take.
    const pace = createHostPace(clock, () => false, isBusy);

    async function change(action: 'add' | 'delete', record: TxtRecord, signal?: AbortSignal): Promise<void> {
      const zone = await zoneOf(record.name, signal);
      // Signed anew each time, since the signature covers the time.
      const update = (): Promise<DnsMessage> =>
        pace.run(() => send(encodeUpdate(messageId(random), zone, { action, record, ttl }), signal), signal);
      await whileBusy({ clock, random }, update, signal);
    }

    return {
      present: (record, signal) => change('add', record, signal),
      cleanUp: (record, signal) => change('delete', record, signal),
      findZone: zoneOf,
    };
  },
};

function keyOf(settings: Settings): TsigKey {
  const name = required(settings, 'keyName').toLowerCase().replace(/\.$/, '');
  if (!/^(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}$/.test(name) || name.length > 253) {
    throw wrongSetting('keyName', 'the name of a key');
  }
  const wanted = optional(settings, 'keyAlgorithm') ?? 'hmac-sha256';
  const algorithm = TSIG_ALGORITHMS.find((known) => known === wanted.toLowerCase().replace(/\.$/, ''));
  if (algorithm === undefined) throw wrongSetting('keyAlgorithm', `one of ${TSIG_ALGORITHMS.join(', ')}`);
  const text = required(settings, 'keySecret');
  const secret = Buffer.from(text, 'base64');
  if (secret.length === 0 || secret.toString('base64') !== text) throw wrongSetting('keySecret', 'a key in base64');
  return { name, algorithm, secret };
}

function transportOf(settings: Settings): 'udp' | 'tcp' {
  const wanted = optional(settings, 'transport') ?? 'udp';
  if (wanted !== 'udp' && wanted !== 'tcp') throw wrongSetting('transport', 'udp or tcp');
  return wanted;
}

function hostAndPort(text: string): { readonly host: string; readonly port: number } {
  if (ipVersion(text) !== 0) return { host: text, port: 53 };
  const [, bracketed, plain, port = '53'] =
    /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9_.-]{1,253}))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = bracketed ?? plain;
  const number = Number(port);
  if (host === undefined || (bracketed !== undefined && ipVersion(host) !== 6) || number < 1 || number > 65_535) {
    throw wrongSetting('server', 'an address or a host name, with or without a port');
  }
  return { host: host.toLowerCase().replace(/\.$/, ''), port: number };
}

/** RFC 2136 section 2.2. */
function rcodeError(rcode: string, target: DnsServer): EverbindError {
  const server = serverText(target);
  const details = { server, reason: rcode };
  switch (rcode) {
    case 'REFUSED':
      return new EverbindError(
        'DNS_CREDENTIALS_REFUSED',
        `${server} refuses the update: its policy is against it`,
        details,
      );
    case 'NOTAUTH':
    case 'NOTZONE':
      return new EverbindError(
        'DNS_ZONE_NOT_FOUND',
        `${server} does not serve the zone as its primary (${rcode})`,
        details,
      );
    default:
      return new EverbindError('DNS_PROVIDER_FAILED', `${server} answers ${rcode}`, details);
  }
}
