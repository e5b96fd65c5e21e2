#ifndef LAB_ECDSA_H
#define LAB_ECDSA_H
#include <stddef.h>
#include <stdint.h>

/*
 * ECDSA (FIPS 186-5, section 6) on P-256 and P-384. Wine's bcrypt.dll signs with a P-384 key that it has just made but
 * cannot load one, so that a double whose keys outlive a process needs its own. For a laboratory only: nothing here is
 * constant in time.
 */
#define ECDSA_MAX_OCTETS 48

enum ecdsa_curve { ECDSA_CURVE_P256, ECDSA_CURVE_P384 };

/* Octets of a coordinate, of a private key and of each half of a signature. */
size_t ecdsa_octets(enum ecdsa_curve curve);

typedef struct {
    uint8_t x[ECDSA_MAX_OCTETS], y[ECDSA_MAX_OCTETS], d[ECDSA_MAX_OCTETS];
} ECDSA_KEY;

/*
 * `random`: octets that nobody can foresee, as many as ecdsa_octets. 0 when they are no private key, and others must be
 * drawn.
 */
int ecdsa_key_from_random(enum ecdsa_curve curve, const uint8_t *random, ECDSA_KEY *key);

/* Signature r||s; `random` as above, for this signature only. 0 when others must be drawn. */
int ecdsa_sign(enum ecdsa_curve curve, const ECDSA_KEY *key, const uint8_t *hash, size_t hash_octets, const uint8_t *random, uint8_t *signature);

/* With x and y of the key. */
int ecdsa_verify(enum ecdsa_curve curve, const ECDSA_KEY *key, const uint8_t *hash, size_t hash_octets, const uint8_t *signature);
#endif
