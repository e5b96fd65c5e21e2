import { EverbindError } from '../../errors/error.ts';
import { ipVersion } from '../../pki/x509/ip-address.ts';

/** A server that speaks DNS. */
export interface DnsServer {
  readonly address: string;
  readonly port: number;
}

/** `192.0.2.1`, `192.0.2.1:53`, `2001:db8::1`, `[2001:db8::1]:53`. Throws DNS_PROVIDER_SETTING. */
export function parseServer(text: string): DnsServer {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = bracketed ?? plain ?? text;
  const number = Number(port ?? 53);
  if (ipVersion(address) === 0 || number < 1 || number > 65_535) {
    throw new EverbindError('DNS_PROVIDER_SETTING', `${JSON.stringify(text)} is no address of a DNS server`, {
      server: text,
    });
  }
  return { address, port: number };
}

/** `192.0.2.1`, `2001:db8::1`, or with a port other than 53 `192.0.2.1:5353`, `[2001:db8::1]:5353`. */
export function serverText({ address, port }: DnsServer): string {
  if (port === 53) return address;
  return ipVersion(address) === 6 ? `[${address}]:${port}` : `${address}:${port}`;
}
