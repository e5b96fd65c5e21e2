import { entries } from './entry.ts';

export const ACME_ERRORS = entries({
  ACME_TRANSPORT: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The connection to the CA failed before an HTTP response arrived.',
    action: 'Check network, proxy, DNS and the CA status page; the next attempt is scheduled.',
  },
  ACME_SERVER_UNTRUSTED: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The TLS certificate of the CA server is not trusted, or is for another host.',
    action:
      'Check the clock of this machine. For a private CA name its root under trustRoots. Otherwise somebody may sit between this machine and the CA: find out who before going on.',
  },
  ACME_TIMEOUT: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA sent no complete response in time.',
    action: 'Check network and proxy; the next attempt is scheduled.',
  },
  ACME_RESPONSE_TOO_LARGE: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA sent a larger response than is accepted.',
    action: 'Check that the directory URL belongs to an ACME CA and that no proxy rewrites its responses.',
  },
  ACME_INSECURE_URL: {
    exit: 2,
    summary: 'A CA address is not HTTPS.',
    action: 'Use an https URL. Plain http is accepted for loopback addresses only, with allowInsecureLoopback.',
  },
  ACME_FOREIGN_URL: {
    exit: 1,
    meaning: { blames: 'issuer' },
    summary: 'The CA sent an address at a host that its directory does not list.',
    action:
      'Everbind sent nothing there. Check that the directory URL belongs to the CA, and report the host named in the details to it.',
  },
  ACME_OBJECT_UNKNOWN: {
    exit: 1,
    meaning: { resume: 'ask', blames: 'issuer' },
    summary: 'For a minute the CA did not know an order, a challenge or a certificate that it had named itself.',
    action: 'The order is kept; the next attempt resumes it. Where this goes on, report the address to the CA.',
  },
  ACME_UNEXPECTED_RESPONSE: {
    exit: 1,
    meaning: { resume: 'ask', blames: 'issuer' },
    summary: 'The CA sent a response with a status or a content type that ACME does not have.',
    action: 'Check that the directory URL belongs to an ACME CA and that no proxy or portal responds in its place.',
  },
  ACME_RESPONSE_INVALID: {
    exit: 1,
    meaning: { resume: 'ask', blames: 'issuer' },
    summary: 'The CA sent an object that breaks the ACME protocol.',
    action: 'Everbind did not use it. Report the member named in the details to the CA.',
  },
  ACME_NO_NONCE: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA gave no usable nonce.',
    action: 'Check that no proxy removes the Replay-Nonce header or responds from a cache.',
  },
  ACME_HOST_BACKOFF: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA, or a gateway in front of it, asked for a pause; nothing was sent.',
    action: 'Nothing to do: the next attempt comes after the pause. everbind status shows when it ends.',
  },
  ACME_PROBLEM: {
    exit: 1,
    meaning: { blames: 'host', costs: 'nothing' },
    summary: 'The CA refused a request and gave the reason.',
    action:
      'See the type and the text of the problem. After a rate limit the next attempt waits as long as the CA asks.',
  },
  ACME_PAUSED: {
    exit: 1,
    meaning: { blames: 'name', costs: 'nothing' },
    summary: 'The CA has paused orders for a name, since its validation has failed for a long time.',
    action:
      'Fix the validation first (everbind show NAME says what failed), then open the address that everbind status shows and lift the pause. Everbind tries again once a day and asks other issuers.',
  },
  ACME_AUTHORIZATION_INVALID: {
    exit: 1,
    meaning: { blames: 'host', costs: 'validation' },
    summary: 'The CA could not verify control of a name.',
    action: 'The problem says what the CA saw. Check DNS, firewall and site for that name.',
  },
  ACME_ORDER_INVALID: {
    exit: 1,
    meaning: { blames: 'host', costs: 'order' },
    summary: 'The CA made an order invalid.',
    action: 'See the problem of the order and of its authorizations; the next attempt uses a new order.',
  },
  ACME_ORDER_MISMATCH: {
    exit: 1,
    meaning: { resume: 'ask', blames: 'issuer' },
    summary: 'The CA returned an order or an authorization that is not what was requested.',
    action: 'Everbind did not use it. Report it to the CA.',
  },
  ACME_WAIT_TIMEOUT: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA did not finish a validation or an issuance in time.',
    action: 'The order is kept; the next attempt resumes it.',
  },
  ACME_NO_ACCOUNT: {
    exit: 1,
    summary: 'A request needs an account, and none is known yet.',
    action: 'Create the account first; renew does so by itself.',
  },
  ACME_NOT_OFFERED: {
    exit: 2,
    meaning: { blames: 'issuer' },
    summary: 'The CA does not offer what was requested: a profile, or a part of the protocol.',
    action: 'Remove the setting for this issuer, or choose one that the CA lists in its directory.',
  },
  ACME_TERMS_REQUIRED: {
    exit: 2,
    meaning: { blames: 'issuer' },
    summary: 'The CA requires agreement to its terms of service.',
    action: 'Read the terms at the address in the message, then set termsOfServiceAgreed: true for this issuer.',
  },
  ACME_EXTERNAL_ACCOUNT_REQUIRED: {
    exit: 2,
    meaning: { blames: 'issuer' },
    summary: 'The CA requires an external account binding: a link to an account that you have with it.',
    action: 'Get a key id and an HMAC key from the CA and set externalAccountBinding for this issuer.',
  },
  ACME_KEY_CHANGE_FAILED: {
    exit: 1,
    summary: 'The CA accepted a new account key but does not know the account by it.',
    action:
      'Nothing to do: Everbind keeps both keys, asks the CA which one it knows, and tries the change again after a day. Report it to the CA if it comes again.',
  },
  ACME_ACCOUNT_KEY_REFUSED: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer', costs: 'nothing' },
    summary: 'The CA does not accept the key of the account with it.',
    action:
      'Nothing to do: the next attempt uses the other key of a key change that was not finished, or registers another account, at most one a day. Usual cause: the state folder was restored from a copy older than the last change of the account key. CAA and dns-persist-01 records that name the account then need the address of the new one (everbind status).',
  },
  ACME_KEY_UNSUPPORTED: {
    exit: 2,
    summary: 'A key cannot sign or verify ACME messages.',
    action: 'Use a P-256, P-384, RSA (2048 to 8192 bits) or Ed25519 key.',
  },
  ACME_JWS_INVALID: {
    exit: 1,
    summary: 'A signed message is malformed, or its signature is wrong.',
    action: 'Everbind did not use it. Check which key the sender uses.',
  },
  ACME_NO_CERTIFICATE_ID: {
    exit: 1,
    summary: 'A certificate has no authority key identifier, which is needed to ask for renewal information.',
    action: 'Nothing to do: the certificate is renewed by its lifetime instead.',
  },
});
