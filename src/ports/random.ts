/** Randomness as the core sees it. The product's is cryptographic; tests pass a seeded one. */
export interface Random {
  /** `count` uniformly random octets. */
  bytes(count: number): Uint8Array;
  /** A uniform draw from [0, 1). */
  uniform(): number;
}
