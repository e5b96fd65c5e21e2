#include "wide.h"
#include <string.h>

typedef unsigned __int128 u128;

WIDE wide_from_octets(const uint8_t *octets, size_t count)
{
    WIDE value = { { 0 } };
    for (size_t i = 0; i < count; i++) {
        size_t place = count - 1 - i;
        value.limb[place / 8] |= (uint64_t)octets[i] << (8 * (place % 8));
    }
    return value;
}

void wide_to_octets(const WIDE *value, uint8_t *octets, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t place = count - 1 - i;
        octets[i] = (uint8_t)(value->limb[place / 8] >> (8 * (place % 8)));
    }
}

WIDE wide_from_text(const char *digits)
{
    WIDE value = { { 0 } };
    size_t count = strlen(digits);
    for (size_t i = 0; i < count; i++) {
        size_t place = count - 1 - i;
        uint64_t digit = digits[i] <= '9' ? (uint64_t)(digits[i] - '0') : (uint64_t)(digits[i] - 'a' + 10);
        value.limb[place / 16] |= digit << (4 * (place % 16));
    }
    return value;
}

int wide_is_zero(const WIDE *value)
{
    uint64_t all = 0;
    for (int i = 0; i < WIDE_LIMBS; i++) all |= value->limb[i];
    return all == 0;
}

int wide_compare(const WIDE *a, const WIDE *b)
{
    for (int i = WIDE_LIMBS - 1; i >= 0; i--) {
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    }
    return 0;
}

int wide_bit(const WIDE *value, int index)
{
    return (int)(value->limb[index / 64] >> (index % 64)) & 1;
}

static uint64_t add(WIDE *sum, const WIDE *a, const WIDE *b, int limbs)
{
    u128 carry = 0;
    for (int i = 0; i < limbs; i++) {
        carry += (u128)a->limb[i] + b->limb[i];
        sum->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return (uint64_t)carry;
}

static uint64_t subtract(WIDE *difference, const WIDE *a, const WIDE *b, int limbs)
{
    uint64_t borrow = 0;
    for (int i = 0; i < limbs; i++) {
        u128 step = (u128)a->limb[i] - b->limb[i] - borrow;
        difference->limb[i] = (uint64_t)step;
        borrow = (uint64_t)(step >> 64) & 1;
    }
    return borrow;
}

WIDE mod_add(const WIDE *a, const WIDE *b, const MODULUS *modulus)
{
    WIDE sum = { { 0 } };
    uint64_t carry = add(&sum, a, b, modulus->limbs);
    if (carry || wide_compare(&sum, &modulus->value) >= 0) subtract(&sum, &sum, &modulus->value, modulus->limbs);
    return sum;
}

WIDE mod_subtract(const WIDE *a, const WIDE *b, const MODULUS *modulus)
{
    WIDE difference = { { 0 } };
    if (subtract(&difference, a, b, modulus->limbs)) add(&difference, &difference, &modulus->value, modulus->limbs);
    return difference;
}

/* Coarsely integrated operand scanning: after each limb of b the lowest limb of the sum is made zero and dropped. */
WIDE mod_multiply(const WIDE *a, const WIDE *b, const MODULUS *modulus)
{
    uint64_t sum[WIDE_LIMBS + 2] = { 0 };
    int limbs = modulus->limbs;
    WIDE product = { { 0 } };
    for (int i = 0; i < limbs; i++) {
        u128 carry = 0;
        for (int j = 0; j < limbs; j++) {
            carry += (u128)a->limb[j] * b->limb[i] + sum[j];
            sum[j] = (uint64_t)carry;
            carry >>= 64;
        }
        carry += sum[limbs];
        sum[limbs] = (uint64_t)carry;
        sum[limbs + 1] = (uint64_t)(carry >> 64);
        uint64_t factor = sum[0] * modulus->inverse;
        carry = ((u128)factor * modulus->value.limb[0] + sum[0]) >> 64;
        for (int j = 1; j < limbs; j++) {
            carry += (u128)factor * modulus->value.limb[j] + sum[j];
            sum[j - 1] = (uint64_t)carry;
            carry >>= 64;
        }
        carry += sum[limbs];
        sum[limbs - 1] = (uint64_t)carry;
        sum[limbs] = sum[limbs + 1] + (uint64_t)(carry >> 64);
    }
    memcpy(product.limb, sum, (size_t)limbs * sizeof sum[0]);
    if (sum[limbs] || wide_compare(&product, &modulus->value) >= 0) subtract(&product, &product, &modulus->value, limbs);
    return product;
}

void modulus_make(MODULUS *modulus, const WIDE *value, int limbs)
{
    WIDE power = { { 1 } };
    uint64_t inverse = 1;
    modulus->value = *value;
    modulus->limbs = limbs;
    /* Newton's iteration doubles the correct bits of 1 / value mod 2^64. */
    for (int i = 0; i < 6; i++) inverse *= 2 - value->limb[0] * inverse;
    modulus->inverse = -inverse;
    for (int i = 0; i < 2 * 64 * limbs; i++) power = mod_add(&power, &power, modulus);
    modulus->r_squared = power;
}

WIDE mod_to_montgomery(const WIDE *a, const MODULUS *modulus)
{
    return mod_multiply(a, &modulus->r_squared, modulus);
}

WIDE mod_from_montgomery(const WIDE *a, const MODULUS *modulus)
{
    WIDE one = { { 1 } };
    return mod_multiply(a, &one, modulus);
}

/* Fermat: a^(p - 2). */
WIDE mod_invert(const WIDE *a, const MODULUS *modulus)
{
    WIDE one = { { 1 } }, two = { { 2 } }, exponent = { { 0 } };
    WIDE result = mod_to_montgomery(&one, modulus);
    subtract(&exponent, &modulus->value, &two, modulus->limbs);
    for (int bit = 64 * modulus->limbs - 1; bit >= 0; bit--) {
        result = mod_multiply(&result, &result, modulus);
        if (wide_bit(&exponent, bit)) result = mod_multiply(&result, a, modulus);
    }
    return result;
}

WIDE mod_reduce(const WIDE *a, const MODULUS *modulus)
{
    WIDE value = *a;
    while (wide_compare(&value, &modulus->value) >= 0) subtract(&value, &value, &modulus->value, modulus->limbs);
    return value;
}
