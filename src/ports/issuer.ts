import type { CertificateKeyAlgorithm, KeyHandle } from './key-store.ts';
import type { Json } from './deployment.ts';
import type { Signer } from './signer.ts';

/**
 * How far an issuance has come; durable, and all that a run needs to go on after a kill. ACME's words, and the steps of
 * every issuer: a request is about to be made, the issuer has it under an address, from now on it may issue. Times are
 * milliseconds since 1970.
 */
export type IssuanceState =
  /** Nothing was sent. The key is made before the first request. */
  | { readonly step: 'started' }
  /** The same, with a key that was there before. */
  | { readonly step: 'key' }
  /** A request may have been sent, and its response lost. */
  | { readonly step: 'order-requested' }
  /** The issuer has the request at this address, for this account. */
  | { readonly step: 'ordered'; readonly orderUrl: string; readonly accountUrl: string }
  /** The issuer is asked for the certificate, since this moment, and may have issued it. */
  | {
      readonly step: 'authorized';
      readonly orderUrl: string;
      readonly accountUrl: string;
      readonly authorizedAt: number;
    };

/** What is to be issued. */
export interface IssuanceRequest {
  /** Of the managed certificate. */
  readonly certificateId: number;
  readonly name: string;
  /** Of the renewal: names whatever an issuer keeps for it. */
  readonly renewalId: string;
  /** Names of the certificate, canonical (src/pki/x509/names.ts). */
  readonly identifiers: readonly { readonly type: 'dns' | 'ip'; readonly value: string }[];
  readonly algorithm: CertificateKeyAlgorithm;
  readonly keyHandle: KeyHandle;
  readonly startedAt: number;
  readonly state: IssuanceState;
}

/** Keeps how far an issuance has come. */
export interface IssuanceJournal {
  /**
   * Resolves with the request in its new state once that is durable with its audit event. What cannot be repeated MUST
   * be journaled before it is done. Throws RENEWAL_ORDER_SHARED for an address that another open renewal has.
   */
  note<S extends IssuanceState>(
    request: IssuanceRequest,
    state: S,
    event: { readonly type: string; readonly data: { readonly [key: string]: Json } },
  ): Promise<IssuanceRequest & { readonly state: S }>;
}

/** What an issuer hands over. Nothing of it has been checked against the request yet. */
export interface IssuedChain {
  /** DER, as the issuer sent it. */
  readonly chain: readonly Uint8Array[];
  /**
   * Other chains for the same certificate, one after the other; they are asked for where the first one is not accepted.
   * What cannot be had is passed over.
   */
  others?(): AsyncIterable<readonly Uint8Array[]>;
  /** How far the issuer's clock is ahead of ours, milliseconds; null or absent: not known. */
  readonly clockLead?: number | null;
  /** The account that it was issued to. */
  readonly accountUrl: string;
  /** Roots that the chain may end in, DER. The same array each time. */
  readonly roots: readonly Uint8Array[];
}

/** When an issuer suggests that a certificate is renewed (RFC 9773 section 4.2). Milliseconds since 1970. */
export interface SuggestedWindow {
  readonly window: { readonly start: number; readonly end: number };
  readonly explanationUrl: string | null;
  /** How long to wait before asking again; null: not said. */
  readonly retryAfterMs: number | null;
}

/** CRLReason (RFC 5280 section 5.3.1), those that a subscriber may give. */
export type RevocationReason = 0 | 1 | 3 | 4 | 5 | 6 | 9;

export interface RevocationRequest {
  /** The certificate, DER. */
  readonly der: Uint8Array;
  readonly reason: RevocationReason | null;
  /** The certificate's own key, to sign with it; null: the account's. */
  readonly signer: Signer | null;
}

/**
 * Whoever signs certificates for us: a CA with our account there. Every call may take long, is safe to repeat, and
 * rejects with the reason of the run's signal when that aborts. Failures are EverbindError; the engine asks `meaningOf`
 * what they mean.
 */
export interface Issuer {
  /**
   * Everything that can be known before there is a key: the account, what the issuer is certain to refuse, a staging
   * run. Throws when a request would be in vain. Does nothing once a request was made.
   */
  prepare(request: IssuanceRequest): Promise<void>;
  /**
   * From wherever the request stands to the certificate, for the key of `signer`. Throws RENEWAL_ORDER_LOST when what
   * an earlier run began leads nowhere: the engine then begins anew.
   */
  issue(request: IssuanceRequest, signer: Signer, journal: IssuanceJournal): Promise<IssuedChain>;
  /**
   * Tells the issuer that nothing comes of a request, as far as that can be done now. Never throws but for the signal.
   */
  abandon(request: IssuanceRequest): Promise<void>;
  /** True when the certificate was revoked before. */
  revoke(request: RevocationRequest): Promise<{ readonly already: boolean }>;
  /** The window for the certificate with this name (RFC 9773 section 4.1); null: the issuer suggests none. */
  renewalInformation(ariId: string): Promise<SuggestedWindow | null>;
}

/** The issuers of one run of the engine: what they open is kept until the run ends. */
export interface Issuers {
  /**
   * The signal ends what its calls wait for, as that of the run does. Throws CONFIG_INVALID for one that is not
   * configured.
   */
  open(name: string, signal?: AbortSignal): Issuer;
  /**
   * Removes what earlier runs left behind, and does what is due of itself, such as a new account key. Failures are kept
   * for a later run, and so is what the signal ends.
   */
  tidyUp(signal: AbortSignal): Promise<void>;
}
