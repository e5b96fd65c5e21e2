import type { Socket } from 'node:net';
import type { FtpCertificate, SiteInventory } from '../../../src/iis/config/inventory-types.ts';
import { canonicalHost } from '../../../src/pki/x509/names.ts';
import type { SimStores } from '../certificate-stores.ts';
import type { Listener, Wanted } from './listeners.ts';
import { acceptTls, type ServedIdentity } from './tls-front.ts';

const IMPLICIT_PORT = 990;
const MAX_LINE = 512;

/** The Microsoft FTP service, as far as AUTH TLS and implicit TLS go (RFC 4217): nobody logs on. */
export interface FtpFront {
  wanted(): readonly Wanted[];
  accept(socket: Socket, listener: Pick<Listener, 'port' | 'addresses'>): void;
}

/**
 * Serves the certificate that the configuration names for the site, or that of siteDefaults, from the next connection
 * on. A site starts with its service, whatever the web service says of it, unless serverAutoStart is off.
 */
export function createFtpFront(world: {
  readonly sites: () => readonly SiteInventory[];
  readonly defaults: () => FtpCertificate | null;
  readonly stores: Pick<SimStores, 'servable' | 'chainAbove'>;
}): FtpFront {
  const bindings = () =>
    world
      .sites()
      .filter(({ serverAutoStart }) => serverAutoStart)
      .flatMap((site) =>
        site.bindings.flatMap(({ protocol, information }) =>
          protocol === 'ftp' && information.kind === 'ip-port-host' ? [{ site, ...information }] : [],
        ),
      );
  const certificateOf = (listener: Pick<Listener, 'port' | 'addresses'>, host: string): FtpCertificate | null => {
    const here = bindings().filter(
      ({ port, address }) => port === listener.port && (address === '*' || listener.addresses.has(address)),
    );
    const found =
      here.find((one) => host !== '' && canonicalHost(one.host) === host) ?? here.find((one) => one.host === '');
    return found === undefined ? null : (found.site.ftp ?? world.defaults());
  };
  const identityOf = async (certificate: FtpCertificate | null): Promise<ServedIdentity | null> => {
    if (certificate === null) return null;
    const servable = world.stores.servable(certificate.certificateStore, certificate.certificateHash);
    if (servable === null) return null;
    return { ...servable, above: world.stores.chainAbove(servable.certificate), allowTls13: true };
  };
  return {
    wanted: () => bindings().map(({ address, port }) => ({ scheme: 'ftp', address, port })),
    accept: (socket, listener) => {
      const secure = (host: string): void =>
        acceptTls(
          socket,
          () => identityOf(certificateOf(listener, host)),
          (secured) => {
            if (listener.port === IMPLICIT_PORT) secured.write('220 Microsoft FTP Service\r\n');
          },
        );
      if (listener.port === IMPLICIT_PORT) {
        secure('');
        return;
      }
      let host = '';
      let received = '';
      const onData = (chunk: Buffer): void => {
        received += chunk.toString('latin1');
        const end = received.indexOf('\r\n');
        if (end < 0) {
          if (received.length > MAX_LINE) socket.destroy();
          return;
        }
        const line = received.slice(0, end);
        received = received.slice(end + 2);
        if (/^HOST /i.test(line)) {
          host = canonicalHost(line.slice(5));
          socket.write('220 Host accepted.\r\n');
        } else if (/^AUTH TLS$/i.test(line)) {
          const certificate = certificateOf(listener, host);
          if (certificate === null)
            socket.write('534 Local policy on server does not allow TLS secure connections.\r\n');
          else {
            socket.off('data', onData);
            socket.write('234 AUTH command ok. Expecting TLS Negotiation.\r\n');
            secure(host);
          }
        } else socket.write('530 Please login with USER and PASS.\r\n');
      };
      socket.on('data', onData);
      socket.write('220 Microsoft FTP Service\r\n');
    },
  };
}
