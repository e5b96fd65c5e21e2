import { entries } from './entry.ts';

export const ACME_ERRORS = entries({
  ACME_TRANSPORT: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The connection to the CA failed before an HTTP answer arrived.',
    action: 'Check network, proxy, DNS and the CA status page; the next attempt is scheduled.',
  },
  ACME_SERVER_UNTRUSTED: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The TLS certificate of the CA server is not trusted, or is for another host.',
    action:
      'For a private CA name its root under trustRoots. Otherwise somebody may sit between this machine and the CA: find out who before going on.',
  },
  ACME_TIMEOUT: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA did not answer in time.',
    action: 'Check network and proxy; the next attempt is scheduled.',
  },
  ACME_RESPONSE_TOO_LARGE: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA sent more than this kind of answer may hold.',
    action: 'Check that the directory URL belongs to an ACME CA and that no proxy rewrites its answers.',
  },
  ACME_INSECURE_URL: {
    exit: 2,
    meaning: { blames: 'issuer' },
    summary: 'A CA address is not HTTPS.',
    action: 'Use an https URL. Plain http is accepted for loopback addresses only, with allowInsecureLoopback.',
  },
  ACME_UNEXPECTED_RESPONSE: {
    exit: 1,
    meaning: { resume: 'ask', blames: 'issuer' },
    summary: 'The CA answered with a status or a content type that ACME does not know.',
    action: 'Check that the directory URL belongs to an ACME CA and that no proxy or portal answers in its place.',
  },
  ACME_RESPONSE_INVALID: {
    exit: 1,
    meaning: { resume: 'ask', blames: 'issuer' },
    summary: 'The CA sent an object that breaks the ACME protocol.',
    action: 'Nothing was done with it. Report the member named in the details to the CA.',
  },
  ACME_NO_NONCE: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA gave no usable nonce.',
    action: 'Check that no proxy removes the Replay-Nonce header or answers from a cache.',
  },
  ACME_HOST_BACKOFF: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA, or what stands before it, asked to be left alone for a while; nothing was sent.',
    action: 'Nothing to do: the next attempt comes after that. everbind status shows until when.',
  },
  ACME_PROBLEM: {
    exit: 1,
    meaning: { blames: 'host', costs: 'nothing' },
    summary: 'The CA refused a request and said why.',
    action: 'See the type and the text of the problem. A rate limit names the time of the next attempt, which is kept.',
  },
  ACME_PAUSED: {
    exit: 1,
    meaning: { blames: 'name', costs: 'nothing' },
    summary: 'The CA has paused orders for a name, since its proof has failed for a long time.',
    action:
      'Mend the proof first (see everbind show NAME for what failed), then open the address that everbind status shows and lift the pause. It is tried again once a day, and other issuers are asked.',
  },
  ACME_AUTHORIZATION_INVALID: {
    exit: 1,
    meaning: { blames: 'host', costs: 'validation' },
    summary: 'The CA could not verify control of a name.',
    action: 'See the problem: it says what the CA saw. Check DNS, firewall and site for that name.',
  },
  ACME_ORDER_INVALID: {
    exit: 1,
    meaning: { blames: 'host', costs: 'order' },
    summary: 'The CA gave up an order.',
    action: 'See the problem of the order and of its authorizations; the next attempt uses a new order.',
  },
  ACME_ORDER_MISMATCH: {
    exit: 1,
    meaning: { resume: 'ask', blames: 'issuer' },
    summary: 'The CA answered with an order or an authorization for something else than was asked.',
    action: 'Nothing was done with it. Report it to the CA.',
  },
  ACME_WAIT_TIMEOUT: {
    exit: 1,
    meaning: { resume: 'continue', blames: 'issuer' },
    summary: 'The CA did not finish a validation or an issuance in time.',
    action: 'The order is kept; the next attempt goes on with it.',
  },
  ACME_NO_ACCOUNT: {
    exit: 1,
    summary: 'A request needs an account, and none is known yet.',
    action: 'Create the account first; renew does so by itself.',
  },
  ACME_NOT_OFFERED: {
    exit: 2,
    meaning: { blames: 'issuer' },
    summary: 'The CA does not offer what was asked: a profile, or a part of the protocol.',
    action: 'Remove the setting for this issuer, or choose one that the CA lists in its directory.',
  },
  ACME_TERMS_REQUIRED: {
    exit: 2,
    meaning: { blames: 'issuer' },
    summary: 'The CA asks for agreement to its terms of service.',
    action: 'Read the terms at the address that is named, then set termsOfServiceAgreed: true for this issuer.',
  },
  ACME_EXTERNAL_ACCOUNT_REQUIRED: {
    exit: 2,
    meaning: { blames: 'issuer' },
    summary: 'The CA wants the account bound to an account that you have with it.',
    action: 'Get a key id and an HMAC key from the CA and set externalAccountBinding for this issuer.',
  },
  ACME_KEY_CHANGE_FAILED: {
    exit: 1,
    summary: 'The CA accepted a new account key but does not know the account by it.',
    action: 'The old key stays in use. Report it to the CA; try again with a new key.',
  },
  ACME_KEY_UNSUPPORTED: {
    exit: 2,
    summary: 'A key cannot sign or verify ACME messages.',
    action: 'Use a P-256, P-384, RSA (2048 to 8192 bits) or Ed25519 key.',
  },
  ACME_JWS_INVALID: {
    exit: 1,
    summary: 'A signed message is malformed, or its signature is wrong.',
    action: 'Nothing was done with it. Check which key the sender uses.',
  },
  ACME_NO_CERTIFICATE_ID: {
    exit: 1,
    summary: 'A certificate lacks the authority key identifier that renewal information is asked by.',
    action: 'Nothing to do: the certificate is renewed by its lifetime instead.',
  },
});
