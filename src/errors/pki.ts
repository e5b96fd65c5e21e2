import { entries } from './entry.ts';

export const PKI_ERRORS = entries({
  PKI_NAME_INVALID: {
    exit: 2,
    summary: 'A name cannot stand in a certificate.',
    action: 'Use a DNS name (letters, digits, hyphens; *. in front for a wildcard) or an IP address.',
  },
  PKI_DER_INVALID: {
    exit: 1,
    summary: 'Octets that should be ASN.1 DER are not.',
    action: 'The object is damaged or was made by faulty software; fetch or export it again.',
  },
  PKI_PEM_INVALID: {
    exit: 1,
    meaning: { resume: 'ask' },
    summary: 'A text that should hold PEM certificates does not.',
    action: 'Check that the file or response holds CERTIFICATE blocks only and was not cut short.',
  },
  PKI_CERTIFICATE_INVALID: {
    exit: 1,
    meaning: { resume: 'ask' },
    summary: 'A certificate cannot be parsed.',
    action: 'The certificate is damaged or breaks X.509; ask whoever issued it.',
  },
  PKI_CSR_INVALID: {
    exit: 1,
    summary: 'A certificate request cannot be parsed or its signature is wrong.',
    action:
      'For a request of our own: the key store signed wrongly, check its device. Otherwise make the request again.',
  },
  PKI_CRL_INVALID: {
    exit: 1,
    summary: 'A certificate revocation list cannot be parsed.',
    action: 'The list is damaged or breaks X.509; ask the CA that published it.',
  },
  PKI_KEY_UNSUPPORTED: {
    exit: 2,
    summary: 'A key cannot be used for a certificate request.',
    action: 'Use a P-256, P-384, RSA (2048 bits or more) or Ed25519 key.',
  },
  PKI_CHAIN_INVALID: {
    exit: 1,
    meaning: { blames: 'issuer' },
    summary: 'No valid path leads from a certificate to a trusted root.',
    action:
      'See the reason in the details. For a private CA name its root under certificateRoots. Where the roots that this machine trusts are the reason, the certificate is kept for two days and checked again every hour.',
  },
  PKI_ISSUED_KEY_MISMATCH: {
    exit: 1,
    meaning: { blames: 'issuer' },
    summary: 'The CA sent a certificate for a key that is not ours.',
    action: 'Nothing was installed. Report it to the CA; the next attempt uses a new order.',
  },
  PKI_ISSUED_NAMES_MISMATCH: {
    exit: 1,
    meaning: { blames: 'issuer' },
    summary: 'The CA sent a certificate whose names are not exactly those ordered.',
    action: 'Nothing was installed. Report it to the CA; the next attempt uses a new order.',
  },
  PKI_ISSUED_VALIDITY: {
    exit: 1,
    meaning: { blames: 'issuer' },
    summary: 'The CA sent a certificate that is not valid now, or not for a sane time.',
    action: 'Nothing was installed. Check the clock of this machine first, then report it to the CA.',
  },
  PKI_CLOCK_WRONG: {
    exit: 1,
    summary: 'The certificate is good by the clock of the CA, and not by the clock of this machine.',
    action:
      'Set the clock of this machine (w32tm /resync). The certificate is used as soon as the clock is right. For two days nothing else is ordered.',
  },
  PKI_ISSUED_KEY_USAGE: {
    exit: 1,
    meaning: { blames: 'issuer' },
    summary: 'The CA sent a certificate that does not allow serving TLS.',
    action: 'Nothing was installed. Check the profile ordered from the CA.',
  },
  PKI_PFX_FAILED: {
    exit: 1,
    summary: 'Key and chain could not be put into a PKCS#12 container.',
    action: 'The next attempt tries it again. If that fails too, report it with the version of Everbind.',
  },
});
