// Infineon's library made RSA primes of a form that can be factored: each is a power of 65537 modulo a product of small primes
// (CVE-2017-15361). The same then holds for the modulus, which a random one satisfies for these primes with a probability of 2^-28.
const smallPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];

/** Whether an RSA modulus (big-endian octets) has the fingerprint of CVE-2017-15361. */
export function hasRocaWeakness(modulus: Uint8Array): boolean {
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
