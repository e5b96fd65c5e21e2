/** Why a self-check fails: the word in the details of CHALLENGE_SELF_CHECK_FAILED, what it means and what to do. */
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
    says: 'there was no answer in time',
    action: 'check the load of the server and whether a firewall drops connections to this port',
  },
  'connection-failed': {
    says: 'the connection failed before an HTTP answer arrived',
    action: 'check that plain HTTP, not TLS or another protocol, is spoken on this port',
  },
  'not-found': {
    says: 'the answer is not there (404)',
    action:
      'check that the site serves this folder: another site may be bound to the name, or a rewrite rule, a virtual directory or a handler of the site takes the path',
  },
  'http-status': {
    says: 'the server answered with an error',
    action:
      '401 and 403: allow anonymous access to .well-known/acme-challenge; 500: a web.config above it or in it is refused by IIS; 503: start the application pool',
  },
  'wrong-body': {
    says: 'the server answered with something else',
    action: 'another site, a proxy or the application of the site answers for this path; let it pass the path through',
  },
  'body-too-large': {
    says: 'the server answered with something else, too large to be the answer',
    action: 'another site, a proxy or the application of the site answers for this path; let it pass the path through',
  },
  'redirect-loop': {
    says: 'the server redirects in a circle or more than ten times',
    action: 'take .well-known/acme-challenge out of the redirect rules of the site',
  },
  'redirect-refused': {
    says: 'the server redirects to where no CA follows',
    action:
      'CAs follow redirects to http on port 80 and https on port 443 only; take .well-known/acme-challenge out of the rules',
  },
} as const satisfies Readonly<Record<string, { readonly says: string; readonly action: string }>>;

export type SelfCheckReason = keyof typeof SELF_CHECK_REASONS;

/** Whether the server was reached and gave an answer, only not ours. */
export function wasAnswered(reason: SelfCheckReason): boolean {
  return reason !== 'no-endpoint' && !reason.startsWith('connection-');
}
