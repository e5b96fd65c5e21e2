#include "ecdsa.h"
#include "wide.h"
#include <string.h>

/* A point in Jacobian coordinates, Montgomery form: x = X / Z^2, y = Y / Z^3; Z is 0 for the point at infinity. */
typedef struct {
    WIDE x, y, z;
} POINT;

typedef struct {
    MODULUS field, order;
    POINT generator;
    int octets;
} CURVE;

/* SEC 2, sections 2.4.2 and 2.5.1. */
static const struct {
    const char *p, *n, *x, *y;
} constants[] = {
    { "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
      "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
      "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
      "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5" },
    { "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
      "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
      "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
      "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f" },
};

size_t ecdsa_octets(enum ecdsa_curve curve)
{
    return curve == ECDSA_CURVE_P256 ? 32 : 48;
}

static CURVE curve_of(enum ecdsa_curve which)
{
    CURVE curve;
    WIDE one = { { 1 } };
    WIDE p = wide_from_text(constants[which].p), n = wide_from_text(constants[which].n);
    WIDE x = wide_from_text(constants[which].x), y = wide_from_text(constants[which].y);
    curve.octets = (int)ecdsa_octets(which);
    modulus_make(&curve.field, &p, curve.octets / 8);
    modulus_make(&curve.order, &n, curve.octets / 8);
    curve.generator.x = mod_to_montgomery(&x, &curve.field);
    curve.generator.y = mod_to_montgomery(&y, &curve.field);
    curve.generator.z = mod_to_montgomery(&one, &curve.field);
    return curve;
}

/* Doubling for a = -3 (dbl-2001-b of the Explicit-Formulas Database). */
static POINT double_point(const POINT *p, const MODULUS *f)
{
    POINT r;
    WIDE delta = mod_multiply(&p->z, &p->z, f), gamma = mod_multiply(&p->y, &p->y, f), beta = mod_multiply(&p->x, &gamma, f);
    WIDE low = mod_subtract(&p->x, &delta, f), high = mod_add(&p->x, &delta, f), product = mod_multiply(&low, &high, f);
    WIDE twice = mod_add(&product, &product, f), alpha = mod_add(&twice, &product, f);
    WIDE beta2 = mod_add(&beta, &beta, f), beta4 = mod_add(&beta2, &beta2, f), beta8 = mod_add(&beta4, &beta4, f);
    WIDE square = mod_multiply(&alpha, &alpha, f), sum = mod_add(&p->y, &p->z, f), gamma2, gamma8;
    r.x = mod_subtract(&square, &beta8, f);
    sum = mod_multiply(&sum, &sum, f);
    sum = mod_subtract(&sum, &gamma, f);
    r.z = mod_subtract(&sum, &delta, f);
    gamma2 = mod_multiply(&gamma, &gamma, f);
    gamma2 = mod_add(&gamma2, &gamma2, f);
    gamma8 = mod_add(&gamma2, &gamma2, f);
    gamma8 = mod_add(&gamma8, &gamma8, f);
    r.y = mod_subtract(&beta4, &r.x, f);
    r.y = mod_multiply(&alpha, &r.y, f);
    r.y = mod_subtract(&r.y, &gamma8, f);
    return r;
}

/* Addition (add-1998-cmo-2), with the cases that its formulas leave out. */
static POINT add_points(const POINT *p, const POINT *q, const MODULUS *f)
{
    POINT r;
    WIDE zero = { { 0 } };
    if (wide_is_zero(&p->z)) return *q;
    if (wide_is_zero(&q->z)) return *p;
    WIDE pz2 = mod_multiply(&p->z, &p->z, f), qz2 = mod_multiply(&q->z, &q->z, f);
    WIDE u1 = mod_multiply(&p->x, &qz2, f), u2 = mod_multiply(&q->x, &pz2, f);
    WIDE pz3 = mod_multiply(&pz2, &p->z, f), qz3 = mod_multiply(&qz2, &q->z, f);
    WIDE s1 = mod_multiply(&p->y, &qz3, f), s2 = mod_multiply(&q->y, &pz3, f);
    WIDE h = mod_subtract(&u2, &u1, f), slope = mod_subtract(&s2, &s1, f);
    if (wide_is_zero(&h)) {
        if (wide_is_zero(&slope)) return double_point(p, f);
        r.x = r.y = r.z = zero;
        return r;
    }
    WIDE h2 = mod_multiply(&h, &h, f), h3 = mod_multiply(&h2, &h, f), v = mod_multiply(&u1, &h2, f);
    WIDE v2 = mod_add(&v, &v, f), lifted = mod_multiply(&s1, &h3, f);
    r.x = mod_multiply(&slope, &slope, f);
    r.x = mod_subtract(&r.x, &h3, f);
    r.x = mod_subtract(&r.x, &v2, f);
    r.y = mod_subtract(&v, &r.x, f);
    r.y = mod_multiply(&slope, &r.y, f);
    r.y = mod_subtract(&r.y, &lifted, f);
    r.z = mod_multiply(&p->z, &q->z, f);
    r.z = mod_multiply(&r.z, &h, f);
    return r;
}

static POINT multiply_point(const WIDE *factor, const POINT *p, const CURVE *curve)
{
    POINT r;
    memset(&r, 0, sizeof r);
    for (int bit = 8 * curve->octets - 1; bit >= 0; bit--) {
        r = double_point(&r, &curve->field);
        if (wide_bit(factor, bit)) r = add_points(&r, p, &curve->field);
    }
    return r;
}

/* Plain x and y of a point that is not at infinity. */
static void affine(const POINT *p, const CURVE *curve, WIDE *x, WIDE *y)
{
    WIDE inverse = mod_invert(&p->z, &curve->field), square = mod_multiply(&inverse, &inverse, &curve->field);
    WIDE cube = mod_multiply(&square, &inverse, &curve->field);
    *x = mod_multiply(&p->x, &square, &curve->field);
    *x = mod_from_montgomery(x, &curve->field);
    *y = mod_multiply(&p->y, &cube, &curve->field);
    *y = mod_from_montgomery(y, &curve->field);
}

static int is_scalar(const WIDE *value, const CURVE *curve)
{
    return !wide_is_zero(value) && wide_compare(value, &curve->order.value) < 0;
}

/* The leftmost bits of the hash, as many as the order has; whole octets on these curves. */
static WIDE hash_number(const uint8_t *hash, size_t octets, const CURVE *curve)
{
    size_t used = octets < (size_t)curve->octets ? octets : (size_t)curve->octets;
    WIDE number = wide_from_octets(hash, used);
    return mod_reduce(&number, &curve->order);
}

/* a b mod n of plain numbers. */
static WIDE order_product(const WIDE *a, const WIDE *b, const CURVE *curve)
{
    WIDE form = mod_to_montgomery(a, &curve->order);
    return mod_multiply(&form, b, &curve->order);
}

static WIDE order_inverse(const WIDE *a, const CURVE *curve)
{
    WIDE form = mod_to_montgomery(a, &curve->order), inverse = mod_invert(&form, &curve->order);
    return mod_from_montgomery(&inverse, &curve->order);
}

int ecdsa_key_from_random(enum ecdsa_curve which, const uint8_t *random, ECDSA_KEY *key)
{
    CURVE curve = curve_of(which);
    size_t octets = ecdsa_octets(which);
    WIDE d = wide_from_octets(random, octets), x, y;
    POINT point;
    if (!is_scalar(&d, &curve)) return 0;
    point = multiply_point(&d, &curve.generator, &curve);
    affine(&point, &curve, &x, &y);
    wide_to_octets(&x, key->x, octets);
    wide_to_octets(&y, key->y, octets);
    wide_to_octets(&d, key->d, octets);
    return 1;
}

int ecdsa_sign(enum ecdsa_curve which, const ECDSA_KEY *key, const uint8_t *hash, size_t hash_octets, const uint8_t *random, uint8_t *signature)
{
    CURVE curve = curve_of(which);
    size_t octets = ecdsa_octets(which);
    WIDE k = wide_from_octets(random, octets), d = wide_from_octets(key->d, octets), x, y, r, s, e, inverse;
    POINT point;
    if (!is_scalar(&k, &curve)) return 0;
    point = multiply_point(&k, &curve.generator, &curve);
    affine(&point, &curve, &x, &y);
    r = mod_reduce(&x, &curve.order);
    e = hash_number(hash, hash_octets, &curve);
    s = order_product(&r, &d, &curve);
    s = mod_add(&s, &e, &curve.order);
    inverse = order_inverse(&k, &curve);
    s = order_product(&s, &inverse, &curve);
    if (wide_is_zero(&r) || wide_is_zero(&s)) return 0;
    wide_to_octets(&r, signature, octets);
    wide_to_octets(&s, signature + octets, octets);
    return 1;
}

int ecdsa_verify(enum ecdsa_curve which, const ECDSA_KEY *key, const uint8_t *hash, size_t hash_octets, const uint8_t *signature)
{
    CURVE curve = curve_of(which);
    size_t octets = ecdsa_octets(which);
    WIDE r = wide_from_octets(signature, octets), s = wide_from_octets(signature + octets, octets);
    WIDE qx = wide_from_octets(key->x, octets), qy = wide_from_octets(key->y, octets), x, y, e, w, u1, u2;
    POINT q, first, second;
    if (!is_scalar(&r, &curve) || !is_scalar(&s, &curve)) return 0;
    q.x = mod_to_montgomery(&qx, &curve.field);
    q.y = mod_to_montgomery(&qy, &curve.field);
    q.z = curve.generator.z;
    e = hash_number(hash, hash_octets, &curve);
    w = order_inverse(&s, &curve);
    u1 = order_product(&e, &w, &curve);
    u2 = order_product(&r, &w, &curve);
    first = multiply_point(&u1, &curve.generator, &curve);
    second = multiply_point(&u2, &q, &curve);
    first = add_points(&first, &second, &curve.field);
    if (wide_is_zero(&first.z)) return 0;
    affine(&first, &curve, &x, &y);
    x = mod_reduce(&x, &curve.order);
    return wide_compare(&x, &r) == 0;
}
