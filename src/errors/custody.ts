import { entries } from './entry.ts';

export const CUSTODY_ERRORS = entries({
  KEY_NOT_FOUND: {
    exit: 1,
    meaning: { resume: 'discard' },
    summary: 'There is no key of this name.',
    action: 'The next renewal makes a new one. If it happens again, check that the state folder is the right one.',
  },
  KEY_ALGORITHM_UNSUPPORTED: {
    exit: 2,
    summary: 'This key store cannot make keys of this algorithm, or has the key with another one.',
    action: 'Choose another algorithm, or another provider, in the configuration (key.algorithm, key.provider).',
  },
  KEY_STORE_FAILED: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The key store could not do its work.',
    action: 'The message says what failed; for a device check that it is connected and unlocked.',
  },
  KEY_NOT_EXPORTABLE: {
    exit: 1,
    summary: 'The key cannot leave its key store, and this use needs it to.',
    action: 'Use a deployment that refers to the key where it is, or a software key.',
  },
  KEY_PROVIDER_UNKNOWN: {
    exit: 2,
    meaning: { resume: 'continue' },
    summary: 'No key storage provider of this machine has the configured name.',
    action: 'Set key.provider to one of the names in the message, or install the provider of your HSM.',
  },
  KEY_PROVIDER_NOT_READY: {
    exit: 1,
    meaning: { resume: 'continue' },
    summary: 'The device behind a key storage provider (TPM, HSM, smart card) is not there or not ready.',
    action:
      'Check that the device is present, initialised and unlocked; for a TPM see tpm.msc. Everbind then goes on with the same key. If the device was replaced by one that makes no keys, renew with key.provider set to another.',
  },
  KEY_ACCESS_DENIED: {
    exit: 5,
    meaning: { resume: 'continue' },
    summary: 'A key storage provider does not let this account use a key.',
    action: 'Run as SYSTEM or elevated as a member of Administrators; for an HSM see the rights of its client.',
  },
  KEY_NOT_POSSESSED: {
    exit: 1,
    meaning: { resume: 'discard' },
    summary:
      'A key cannot be used for a certificate: it is not the key of this certificate, or does not sign as TLS needs it.',
    action:
      'Where the message says so, use another key.algorithm with this provider. Otherwise check the device that keeps the key; if it was replaced or reset, renew with --force: a new key is made.',
  },
  KEY_SEAL_BROKEN: {
    exit: 1,
    summary:
      'Sealed keys or secrets cannot be opened: the master key is another one or lost, or the sealed octets were changed.',
    action:
      'Restore master.key and everbind.db from the same backup. Without the master key what it sealed is lost: move both and the audit.* files away together, set the secrets again and renew; see docs/custody.md.',
  },
  KEY_MASTER_EXPOSED: {
    exit: 5,
    meaning: { resume: 'recheck' },
    summary: 'Others than Everbind can read or replace the master key.',
    action:
      'Check who had access. Then make it an ordinary file, owned by the account that runs Everbind, with mode 0600, in a folder that others cannot write to.',
  },
  KEY_MASTER_INVALID: {
    exit: 1,
    meaning: { resume: 'recheck' },
    summary: 'The file of the master key does not hold a master key.',
    action: 'Restore it from a backup; it must hold exactly 32 octets.',
  },
  SECRET_NOT_FOUND: {
    exit: 2,
    meaning: { resume: 'continue' },
    summary: 'A secret that the configuration refers to is not set.',
    action: 'Set it with everbind secret set NAME; it asks for the value or reads it from standard input.',
  },
  SECRET_INVALID: {
    exit: 2,
    summary: 'The name or the value of a secret cannot be used.',
    action: 'Names have letters, digits, ".", "_" and "-", at most 63; values are text of 1 to 65,536 octets.',
  },
});
