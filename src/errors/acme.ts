import { entries } from './entry.ts';

export const ACME_ERRORS = entries({
  ACME_TRANSPORT: {
    exit: 1,
    summary: 'The connection to the CA failed before an HTTP answer arrived.',
    action: 'Check network, proxy, DNS and the CA status page; the next attempt is scheduled.',
  },
  ACME_TIMEOUT: {
    exit: 1,
    summary: 'The CA did not answer in time.',
    action: 'Check network and proxy; the next attempt is scheduled.',
  },
  ACME_RESPONSE_TOO_LARGE: {
    exit: 1,
    summary: 'The CA sent more than this kind of answer may hold.',
    action: 'Check that the directory URL belongs to an ACME CA and that no proxy rewrites its answers.',
  },
  ACME_INSECURE_URL: {
    exit: 2,
    summary: 'A CA address is not HTTPS.',
    action: 'Use an https URL. Plain http is accepted for loopback addresses only, with allowInsecureLoopback.',
  },
});
