import { EverbindError } from '../../errors/error.ts';
import { parseCertificate } from '../../pki/x509/certificate.ts';
import { parseReadable } from '../../pki/path/parse-once.ts';
import { parsePemChain } from '../../pki/asn1/pem.ts';
import type { Signer } from '../../ports/signer.ts';
import { type AcmeResponse, isTransient } from './response.ts';
import { decodeRenewalInfo, type RenewalInfo } from '../messages/renewal-info.ts';
import { encodeBase64url } from '../jose/base64url.ts';
import { parseJson } from '../messages/json.ts';
import { linkTargets } from '../messages/link-header.ts';
import { offered } from '../messages/directory.ts';
import { onceKnown } from './polling.ts';
import { RESOURCES } from '../messages/resource.ts';
import type { Session } from './session.ts';
import { checkUrl, type UrlPolicy } from '../messages/url-policy.ts';

/** The reasons of RFC 5280 section 5.3.1 that a subscriber may give. */
export const REVOCATION_REASONS = {
  unspecified: 0,
  keyCompromise: 1,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
} as const;

export type RevocationReason = (typeof REVOCATION_REASONS)[keyof typeof REVOCATION_REASONS];

export interface DownloadedCertificate {
  /** DER, as the CA sent it. Not checked beyond being PEM: see pki/check-issued.ts. */
  readonly chain: readonly Uint8Array[];
  /** Where the CA has other chains for the same leaf (RFC 8555 section 7.4.2), at most ten. */
  readonly alternates: readonly string[];
  /** False when no chain has the preferred issuer, so that `chain` is the CA's default. */
  readonly preferredIssuerFound: boolean;
}

export interface CertificateRequests {
  /** `preferredIssuer`: common name of who issued the topmost certificate of the chain that is wanted. */
  downloadCertificate(
    url: string,
    options?: { readonly preferredIssuer?: string | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<DownloadedCertificate>;
  /** By the account's key, or with `signer` by the certificate's own (RFC 8555 section 7.6). */
  revokeCertificate(
    request: {
      readonly der: Uint8Array;
      readonly reason?: RevocationReason | undefined;
      readonly signer?: Signer | undefined;
    },
    signal?: AbortSignal,
  ): Promise<void>;
  /** Unauthenticated (RFC 9773 section 4). Throws ACME_NOT_OFFERED where the CA has no renewal information. */
  renewalInfo(
    certificateId: string,
    signal?: AbortSignal,
  ): Promise<RenewalInfo & { readonly retryAfterMs: number | null }>;
}

const maxAlternates = 10;

export function certificateRequests(session: Session): CertificateRequests {
  const { policy } = session;

  async function download(url: string, signal?: AbortSignal): Promise<{ response: AcmeResponse; chain: Uint8Array[] }> {
    const response = await session.post({ url, payload: '', resource: RESOURCES.certificate }, signal);
    return { response, chain: parsePemChain(Buffer.from(response.body).toString('latin1')) };
  }

  /** Null for one that cannot be had: the default chain is there. What may come later is asked for later. */
  async function other(url: string, signal?: AbortSignal): Promise<readonly Uint8Array[] | null> {
    try {
      const { chain } = await download(url, signal);
      topIssuer(chain);
      return chain;
    } catch (error) {
      if (!(error instanceof EverbindError) || isTransient(error)) throw error;
      return null;
    }
  }

  return {
    downloadCertificate: async (url, { preferredIssuer, signal } = {}) => {
      const { response, chain } = await onceKnown(session, 'certificate', () => download(url, signal), signal);
      const alternates = linkTargets(response.headers['link'], 'alternate', response.url)
        .filter((target) => isAllowed(target, policy))
        .slice(0, maxAlternates);
      if (preferredIssuer === undefined || topIssuer(chain) === preferredIssuer) {
        return { chain, alternates, preferredIssuerFound: true };
      }
      const others = await Promise.all(alternates.map((alternate) => other(alternate, signal)));
      const found = others.find((one) => one !== null && topIssuer(one) === preferredIssuer);
      return { chain: found ?? chain, alternates, preferredIssuerFound: found !== undefined };
    },

    revokeCertificate: async ({ der, reason, signer }, signal) => {
      const url = offered((await session.directory(signal)).revokeCert, 'revokeCert');
      const payload = { certificate: encodeBase64url(der), ...(reason === undefined ? {} : { reason }) };
      await session.post(
        { url, payload, resource: RESOURCES.revocation, ...(signer === undefined ? {} : { keyOf: signer }) },
        signal,
      );
    },

    renewalInfo: async (certificateId, signal) => {
      const base = offered((await session.directory(signal)).renewalInfo, 'renewalInfo');
      if (!/^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/.test(certificateId)) {
        throw new EverbindError('ACME_NO_CERTIFICATE_ID', 'Not the id of a certificate', { id: certificateId });
      }
      const response = await session.get(`${base.replace(/\/$/, '')}/${certificateId}`, RESOURCES.renewalInfo, signal);
      return { ...decodeRenewalInfo(parseJson(response.body, 'renewalInfo')), retryAfterMs: response.retryAfterMs };
    },
  };
}

/** An alternate is a choice: one whose address is not allowed is none. */
function isAllowed(target: string, policy: UrlPolicy): boolean {
  try {
    checkUrl(target, 'Link of the certificate', policy);
    return true;
  } catch (error) {
    if (error instanceof EverbindError) return false;
    throw error;
  }
}

/**
 * Common name of who issued the topmost certificate: upwards from the first one, in whatever order the others were
 * sent. Throws PKI_CERTIFICATE_INVALID.
 */
function topIssuer([first, ...rest]: readonly Uint8Array[]): string | null {
  if (first === undefined) return null;
  const leaf = parseCertificate(first);
  const others = parseReadable(rest);
  let top = leaf;
  for (const left = new Set(others); ; ) {
    const { issuerDer } = top;
    const next = [...left].find(({ subjectDer }) => Buffer.compare(subjectDer, issuerDer) === 0);
    if (next === undefined) return top.issuerCommonName;
    left.delete(next);
    top = next;
  }
}
