/** JWS algorithm names (RFC 7518 section 3.1, RFC 8037). */
export type SignatureAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'EdDSA';

/** Signs with one key that may live outside this process (an HSM, a key management system). */
export interface Signer {
  readonly algorithm: SignatureAlgorithm;
  /** SubjectPublicKeyInfo, DER. */
  readonly publicKey: Uint8Array;
  /** The private key is in the memory of this process. What any other signer answers is verified before it is used. */
  readonly inMemory?: true;
  /** The signature as JWS wants it: r||s (IEEE P1363) for ES*, PKCS#1 v1.5 for RS256, 64 octets for EdDSA. */
  sign(data: Uint8Array): Promise<Uint8Array>;
}
