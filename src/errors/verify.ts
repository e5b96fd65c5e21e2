import { entries } from './entry.ts';

export const VERIFY_ERRORS = entries({
  VERIFY_CONNECT_FAILED: {
    exit: 1,
    summary: 'Nothing accepts connections where a site should be served.',
    action: 'Check that the site is started, its port open and no other program owns it.',
  },
  VERIFY_HANDSHAKE_FAILED: {
    exit: 1,
    summary: 'A server ended the connection before the TLS handshake was done.',
    action: 'Check that http.sys has a record for the binding and that its certificate and key are in the store.',
  },
  VERIFY_TIMEOUT: {
    exit: 1,
    summary: 'A TLS handshake did not end in time.',
    action: 'Check the load of the server and its firewall; the next attempt is scheduled.',
  },
  VERIFY_WRONG_LEAF: {
    exit: 1,
    summary: 'A site serves another certificate than the one that was bound.',
    action:
      'See which http.sys record answers for this address, port and host; one of another program may be in front.',
  },
  VERIFY_UNTRUSTED_CHAIN: {
    exit: 1,
    summary: 'A site serves the right certificate with a chain that leads to no root that visitors trust.',
    action:
      'Remove outdated certificates of the CA from the stores CA and Root of the local machine, and name the roots of a private CA under certificateRoots.',
  },
  VERIFY_NAME_MISMATCH: {
    exit: 1,
    summary: 'The served certificate does not have the name under which the site is reached.',
    action: 'Renew the certificate with this name, or bind one that has it.',
  },
  VERIFY_EXPIRED: {
    exit: 1,
    summary: 'The served certificate has expired.',
    action: 'Renew it: everbind renew NAME, or everbind add for a site that is not managed yet.',
  },
  VERIFY_NOT_YET_VALID: {
    exit: 1,
    summary: 'The served certificate is not valid yet.',
    action: 'Check the clock of this machine, then the certificate.',
  },
  VERIFY_SELF_SIGNED: {
    exit: 1,
    summary: 'The served certificate is self-signed: browsers warn about it.',
    action: 'Replace it with one of a CA: everbind add.',
  },
  VERIFY_UNREADABLE: {
    exit: 1,
    summary: 'The served certificate cannot be parsed.',
    action: 'Replace it; everbind add shows how.',
  },
});
