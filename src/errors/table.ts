import { ACME_ERRORS } from './acme.ts';
import { NET_ERRORS } from './net.ts';
import { PKI_ERRORS } from './pki.ts';
import { IIS_ERRORS } from './iis.ts';
import { WINDOWS_ERRORS } from './windows.ts';
import { STORE_ERRORS } from './store.ts';
import { AUDIT_ERRORS } from './audit.ts';
import { CUSTODY_ERRORS } from './custody.ts';
import { CONFIG_ERRORS } from './config.ts';
import { CHALLENGE_ERRORS } from './challenge.ts';
import { DNS_ERRORS } from './dns.ts';
import { VERIFY_ERRORS } from './verify.ts';
import { RENEWAL_ERRORS } from './renewal.ts';
import { CLI_ERRORS } from './cli.ts';
import { INTERNAL_ERRORS } from './internal.ts';

/** Every error code of Everbind. docs/errors.md is generated from here. */
export const ERRORS = {
  ...ACME_ERRORS,
  ...NET_ERRORS,
  ...PKI_ERRORS,
  ...IIS_ERRORS,
  ...WINDOWS_ERRORS,
  ...STORE_ERRORS,
  ...AUDIT_ERRORS,
  ...CUSTODY_ERRORS,
  ...CONFIG_ERRORS,
  ...CHALLENGE_ERRORS,
  ...DNS_ERRORS,
  ...VERIFY_ERRORS,
  ...RENEWAL_ERRORS,
  ...CLI_ERRORS,
  ...INTERNAL_ERRORS,
};

export type ErrorCode = keyof typeof ERRORS;
