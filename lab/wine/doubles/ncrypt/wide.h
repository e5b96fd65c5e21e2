#ifndef LAB_WIDE_H
#define LAB_WIDE_H
#include <stddef.h>
#include <stdint.h>

/*
 * Numbers below 2^384 as limbs of 64 bits, the lowest first, and arithmetic modulo an odd number by Montgomery's
 * method. Not constant in time.
 */
#define WIDE_LIMBS 6

typedef struct {
    uint64_t limb[WIDE_LIMBS];
} WIDE;

/* A modulus with what Montgomery's method needs. `limbs`: how many of WIDE_LIMBS it uses. */
typedef struct {
    WIDE value;
    /* R^2 mod value, with R = 2^(64 limbs). */
    WIDE r_squared;
    uint64_t inverse;
    int limbs;
} MODULUS;

void modulus_make(MODULUS *modulus, const WIDE *value, int limbs);

WIDE wide_from_octets(const uint8_t *octets, size_t count);
void wide_to_octets(const WIDE *value, uint8_t *octets, size_t count);
/* From hexadecimal digits. */
WIDE wide_from_text(const char *digits);
int wide_is_zero(const WIDE *value);
int wide_compare(const WIDE *a, const WIDE *b);
int wide_bit(const WIDE *value, int index);

/* a and b below the modulus, results too. */
WIDE mod_add(const WIDE *a, const WIDE *b, const MODULUS *modulus);
WIDE mod_subtract(const WIDE *a, const WIDE *b, const MODULUS *modulus);
/* a b / R: the product of two numbers in Montgomery form, in Montgomery form. */
WIDE mod_multiply(const WIDE *a, const WIDE *b, const MODULUS *modulus);
WIDE mod_to_montgomery(const WIDE *a, const MODULUS *modulus);
WIDE mod_from_montgomery(const WIDE *a, const MODULUS *modulus);
/* 1 / a of a number in Montgomery form, for a prime modulus. */
WIDE mod_invert(const WIDE *a, const MODULUS *modulus);
/* Any number of `limbs` limbs, made smaller than the modulus. */
WIDE mod_reduce(const WIDE *a, const MODULUS *modulus);
#endif
