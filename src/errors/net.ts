import { entries } from './entry.ts';

export const NET_ERRORS = entries({
  NET_CONNECTION_FAILED: {
    exit: 1,
    summary: 'The connection to a server failed before a complete HTTP response arrived.',
    action: 'Check network, proxy and DNS of this machine, and the status page of the server.',
  },
  NET_SERVER_UNTRUSTED: {
    exit: 1,
    summary: 'The TLS certificate of a server is not trusted, or is for another host.',
    action:
      'Check the clock of this machine, and that the system trusts the root that the server uses. Otherwise somebody may sit between this machine and the server: find out who before going on.',
  },
  NET_TIMEOUT: {
    exit: 1,
    summary: 'A server sent no complete response in time.',
    action: 'Check network and proxy, and the status page of the server.',
  },
  NET_RESPONSE_TOO_LARGE: {
    exit: 1,
    summary: 'A server sent a larger response than is accepted.',
    action: 'Check that the address is right and that no proxy rewrites the responses.',
  },
  NET_INSECURE_URL: {
    exit: 2,
    summary: 'The address of a request is not HTTPS, or holds credentials.',
    action: 'Use an https URL. Plain http is accepted for loopback addresses only, with allowInsecureLoopback.',
  },
  NET_PROXY_INVALID: {
    exit: 2,
    meaning: { resume: 'continue' },
    summary: 'The proxy that the environment names cannot be used.',
    action: 'Set HTTPS_PROXY to http://host:port (or https), with percent signs in the password encoded, or remove it.',
  },
});
