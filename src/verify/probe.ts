/** The endpoint of a handshake and the name to ask for. */
export interface ProbeTarget {
  /** An IP address of this machine or another. */
  readonly address: string;
  readonly port: number;
  /** Sent as SNI in A-labels; nothing is sent for '' and for an IP address (RFC 6066 section 3). */
  readonly host: string;
  /** Time limit for connection and handshake together. */
  readonly timeoutMs: number;
  /** Offer X25519, P-256 and P-384 alone: with a post-quantum share the ClientHello exceeds one packet. */
  readonly classicGroups?: boolean;
  /** This version alone; absent: TLS 1.2 or later. */
  readonly version?: 'TLSv1.2' | 'TLSv1.3';
}

/** What a visitor gets. */
export interface ServedCertificate {
  /** As sent: leaf first, DER. */
  readonly chain: readonly Uint8Array[];
  /** `TLSv1.3`, `TLSv1.2`. */
  readonly protocol: string;
  /** As IANA names it: `TLS_AES_256_GCM_SHA384`. */
  readonly cipher?: string;
}

/**
 * Completes one TLS handshake and returns what was served, trusted or not: the caller judges it. Errors:
 * VERIFY_CONNECT_FAILED, VERIFY_HANDSHAKE_FAILED, VERIFY_TIMEOUT; the signal's reason when it aborts first.
 */
export type Probe = (target: ProbeTarget, signal?: AbortSignal) => Promise<ServedCertificate>;
