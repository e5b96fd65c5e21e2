/** Why a self-check fails: `details.reason` of CHALLENGE_SELF_CHECK_FAILED, what it means and what to do. */
export const SELF_CHECK_REASONS = {
  'no-endpoint': {
    says: 'nothing on this machine receives requests for this name',
    action: 'add an http binding for it in IIS, or use mode http.sys or listener',
  },
  'connection-refused': {
    says: 'the connection was refused',
    action: 'check that the site is started and bound to this address and port',
  },
  'connection-timeout': {
    says: 'there was no response in time',
    action: 'check the load of the server and whether a firewall drops connections to this port',
  },
  'connection-failed': {
    says: 'the connection failed before an HTTP response arrived',
    action: 'check that plain HTTP, not TLS or another protocol, is spoken on this port',
  },
  'not-found': {
    says: 'the challenge response is not there (404)',
    action:
      'check that the site serves this folder: another site may be bound to the name, or a rewrite rule, a virtual directory or a handler of the site takes the path',
  },
  'http-status': {
    says: 'the server responded with an error',
    action:
      '401 and 403: allow anonymous access to .well-known/acme-challenge; 500: IIS refuses a web.config above it or in it; 503: start the application pool',
  },
  'wrong-body': {
    says: 'the server responded with something else',
    action: 'another site, a proxy or the application of the site responds for this path; let it pass the path through',
  },
  'body-too-large': {
    says: 'the server responded with something else, too large to be the challenge response',
    action: 'another site, a proxy or the application of the site responds for this path; let it pass the path through',
  },
  'redirect-loop': {
    says: 'the server redirects in a circle or more than ten times',
    action: 'exclude .well-known/acme-challenge from the redirect rules of the site',
  },
  'redirect-refused': {
    says: 'the server redirects to an address that no CA follows',
    action:
      'CAs follow redirects to http on port 80 and https on port 443 only; exclude .well-known/acme-challenge from the rules',
  },
} as const satisfies Readonly<Record<string, { readonly says: string; readonly action: string }>>;

export type SelfCheckReason = keyof typeof SELF_CHECK_REASONS;

/** Whether there was a response, though not the right one. */
export function hasResponse(reason: SelfCheckReason): boolean {
  return reason !== 'no-endpoint' && !reason.startsWith('connection-');
}
