import { createPublicKey } from 'node:crypto';
import { EverbindError } from '../../errors/error.ts';
import { decodeBase64url } from './base64url.ts';
import { type Jwk, jwkAlgorithm } from './jwk.ts';
import type { VerificationKey } from './jws-verify.ts';

type Members = Readonly<Record<string, unknown>>;

const macBytes = { HS256: 32, HS384: 48, HS512: 64 } as const;

/**
 * A key from the JWK of another party. Refused are a use, key_ops or alg that does not allow verification with the
 * key's one ACME algorithm, RSA below 2048 or above 8192 bits, small or even exponents, RSA keys with the ROCA
 * weakness, points off the curve, and MAC keys shorter than their hash. Private members are ignored. Throws
 * ACME_KEY_UNSUPPORTED.
 */
export function importJwk(value: unknown): VerificationKey {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw unsupported('it is not an object');
  const jwk = value as Members;
  if (jwk['use'] !== undefined && jwk['use'] !== 'sig') throw unsupported('it is not for signatures');
  const operations: unknown = jwk['key_ops'];
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify'))) {
    throw unsupported('it is not for verifying');
  }
  return jwk['kty'] === 'oct' ? importSecret(jwk) : importPublic(jwk);
}

function importSecret(jwk: Members): VerificationKey {
  const algorithm = jwk['alg'];
  if (algorithm !== 'HS256' && algorithm !== 'HS384' && algorithm !== 'HS512') throw unsupported('it names no MAC');
  const secret = bytes(jwk['k'], 'k');
  // RFC 7518 section 3.2.
  if (secret.length < macBytes[algorithm]) throw unsupported('it is too short');
  return { algorithm, secret };
}

function importPublic(value: Members): VerificationKey {
  const jwk = publicPart(value);
  const algorithm = jwkAlgorithm(jwk);
  if (value['alg'] !== undefined && value['alg'] !== algorithm) throw unsupported(`its algorithm is not ${algorithm}`);
  try {
    return { algorithm, publicKey: createPublicKey({ key: { ...jwk }, format: 'jwk' }) };
  } catch (error) {
    throw new EverbindError('ACME_KEY_UNSUPPORTED', 'The key is not valid', {}, { cause: error });
  }
}

function publicPart(jwk: Members): Jwk {
  const { kty, crv, x, y, n, e } = jwk;
  if (kty === 'EC' && (crv === 'P-256' || crv === 'P-384')) {
    const length = crv === 'P-256' ? 32 : 48;
    return { crv, kty, x: coordinate(x, 'x', length), y: coordinate(y, 'y', length) };
  }
  if (kty === 'OKP' && crv === 'Ed25519') return { crv, kty, x: coordinate(x, 'x', 32) };
  if (kty === 'RSA') {
    checkRsa(bytes(n, 'n'), bytes(e, 'e'));
    return { e: String(e), kty, n: String(n) };
  }
  throw unsupported('its type or curve is unknown');
}

function checkRsa(modulus: Uint8Array, exponent: Uint8Array): void {
  if ((modulus[0] ?? 0) === 0 || (exponent[0] ?? 0) === 0) throw unsupported('it has leading zeros');
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < 2048 || bits > 8192) throw unsupported('its size is not 2048 to 8192 bits');
  const odd = ((exponent.at(-1) ?? 0) & 1) === 1;
  if (!odd || exponent.length > 8 || (exponent.length === 1 && exponent[0] === 1)) {
    throw unsupported('its exponent is unsafe');
  }
  if (hasRocaWeakness(modulus)) throw unsupported('it was made by a device with the ROCA weakness');
}

/** Coordinates have the full length of the field (RFC 7518 section 6.2.1.2, RFC 8037 section 2). */
function coordinate(value: unknown, name: string, length: number): string {
  if (bytes(value, name).length !== length) throw unsupported(`its ${name} has the wrong length`);
  return String(value);
}

function bytes(value: unknown, name: string): Uint8Array {
  const octets = typeof value === 'string' && value.length <= 4096 ? decodeBase64url(value) : null;
  if (octets === null || octets.length === 0) throw unsupported(`its ${name} is not base64url`);
  return octets;
}

function unsupported(problem: string): EverbindError {
  return new EverbindError('ACME_KEY_UNSUPPORTED', `The key cannot be used: ${problem}`, { problem });
}

// Infineon's library made RSA primes that are a power of 65537 modulo a product of small primes, so that the modulus
// can be factored (CVE-2017-15361). The modulus is then such a power too; a random one is for these primes with a
// probability of 2^-28.
const smallPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/** Whether an RSA modulus (big-endian octets) has the fingerprint of CVE-2017-15361. */
function hasRocaWeakness(modulus: Uint8Array): boolean {
  return smallPrimes.every((prime) => powersOf65537(prime).has(remainder(modulus, prime)));
}

function powersOf65537(prime: number): ReadonlySet<number> {
  const powers = new Set<number>();
  for (let power = 1; !powers.has(power); power = (power * 65537) % prime) powers.add(power);
  return powers;
}

function remainder(octets: Uint8Array, divisor: number): number {
  return octets.reduce((rest, octet) => (rest * 256 + octet) % divisor, 0);
}
