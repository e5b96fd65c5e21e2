#include "pkcs8.h"
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define TAG_INTEGER 0x02
#define TAG_BIT_STRING 0x03
#define TAG_OCTET_STRING 0x04
#define TAG_OID 0x06
#define TAG_SEQUENCE 0x30
#define TAG_SET 0x31
#define TAG_CONTEXT_0 0xa0
#define TAG_CONTEXT_1 0xa1

static const BYTE oid_rsa[] = { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01 };
static const BYTE oid_ec[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01 };
static const BYTE oid_p256[] = { 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
static const BYTE oid_p384[] = { 0x2b, 0x81, 0x04, 0x00, 0x22 };
static const BYTE oid_key_usage[] = { 0x55, 0x1d, 0x0f };

#define USAGE_DIGITAL_SIGNATURE 0x80

/* Octets that are not read yet. */
struct span {
    const BYTE *at, *end;
};

static size_t length_of(struct span span)
{
    return (size_t)(span.end - span.at);
}

/* The content of the next element of DER, if it has this tag. */
static BOOL take(struct span *from, BYTE tag, struct span *content)
{
    size_t length, more;
    if (length_of(*from) < 2 || from->at[0] != tag) return FALSE;
    length = from->at[1];
    from->at += 2;
    if (length >= 0x80) {
        more = length & 0x7f;
        length = 0;
        if (more == 0 || more > 3 || length_of(*from) < more) return FALSE;
        for (; more > 0; more--) length = length << 8 | *from->at++;
    }
    if (length_of(*from) < length) return FALSE;
    content->at = from->at;
    content->end = from->at + length;
    from->at += length;
    return TRUE;
}

/* An INTEGER that is not negative, without leading zeros. */
static BOOL take_number(struct span *from, struct span *number)
{
    if (!take(from, TAG_INTEGER, number) || length_of(*number) == 0 || number->at[0] >= 0x80) return FALSE;
    while (number->at < number->end && *number->at == 0) number->at++;
    return TRUE;
}

static BOOL equals(struct span span, const BYTE *octets, size_t count)
{
    return length_of(span) == count && memcmp(span.at, octets, count) == 0;
}

/* A number in so many octets, with zeros ahead. */
static BYTE *put(BYTE *at, struct span number, size_t length)
{
    size_t zeros = length - length_of(number);
    memset(at, 0, zeros);
    memcpy(at + zeros, number.at, length_of(number));
    return at + length;
}

/* RSAPrivateKey (RFC 8017 A.1.2). */
static SECURITY_STATUS read_rsa(struct span content, struct imported_key *key)
{
    struct span fields, version, n, e, d, p, q, dp, dq, qi;
    BCRYPT_RSAKEY_BLOB header;
    BYTE *at;
    if (!take(&content, TAG_SEQUENCE, &fields) || !take_number(&fields, &version) || !take_number(&fields, &n) || !take_number(&fields, &e)) return NTE_BAD_DATA;
    if (!take_number(&fields, &d) || !take_number(&fields, &p) || !take_number(&fields, &q)) return NTE_BAD_DATA;
    if (!take_number(&fields, &dp) || !take_number(&fields, &dq) || !take_number(&fields, &qi)) return NTE_BAD_DATA;
    if (length_of(d) > length_of(n) || length_of(dp) > length_of(p) || length_of(dq) > length_of(q) || length_of(qi) > length_of(p)) return NTE_BAD_DATA;
    header.Magic = BCRYPT_RSAFULLPRIVATE_MAGIC;
    header.BitLength = (ULONG)(8 * length_of(n));
    header.cbPublicExp = (ULONG)length_of(e);
    header.cbModulus = (ULONG)length_of(n);
    header.cbPrime1 = (ULONG)length_of(p);
    header.cbPrime2 = (ULONG)length_of(q);
    key->algorithm = ALGORITHM_RSA;
    key->bits = header.BitLength;
    key->blob_octets = (DWORD)(sizeof header + header.cbPublicExp + 2 * header.cbModulus + 3 * header.cbPrime1 + 2 * header.cbPrime2);
    key->blob = malloc(key->blob_octets);
    if (key->blob == NULL) return NTE_NO_MEMORY;
    memcpy(key->blob, &header, sizeof header);
    at = put(key->blob + sizeof header, e, header.cbPublicExp);
    at = put(at, n, header.cbModulus);
    at = put(at, p, header.cbPrime1);
    at = put(at, q, header.cbPrime2);
    at = put(at, dp, header.cbPrime1);
    at = put(at, dq, header.cbPrime2);
    at = put(at, qi, header.cbPrime1);
    put(at, d, header.cbModulus);
    return 0;
}

/* ECPrivateKey (RFC 5915) with its public key, an uncompressed point. */
static SECURITY_STATUS read_ec(struct span content, enum algorithm algorithm, struct imported_key *key)
{
    size_t size = algorithm == ALGORITHM_P256 ? 32 : 48;
    struct span fields, version, d, parameters, wrapped, point;
    BCRYPT_ECCKEY_BLOB header;
    BYTE *at;
    if (!take(&content, TAG_SEQUENCE, &fields) || !take_number(&fields, &version) || !take(&fields, TAG_OCTET_STRING, &d)) return NTE_BAD_DATA;
    take(&fields, TAG_CONTEXT_0, &parameters);
    if (!take(&fields, TAG_CONTEXT_1, &wrapped) || !take(&wrapped, TAG_BIT_STRING, &point)) return NTE_BAD_DATA;
    if (length_of(d) != size || length_of(point) != 2 + 2 * size || point.at[0] != 0 || point.at[1] != 4) return NTE_BAD_DATA;
    header.dwMagic = algorithm == ALGORITHM_P256 ? BCRYPT_ECDSA_PRIVATE_P256_MAGIC : BCRYPT_ECDSA_PRIVATE_P384_MAGIC;
    header.cbKey = (ULONG)size;
    key->algorithm = algorithm;
    key->bits = (DWORD)(8 * size);
    key->blob_octets = (DWORD)(sizeof header + 3 * size);
    key->blob = malloc(key->blob_octets);
    if (key->blob == NULL) return NTE_NO_MEMORY;
    memcpy(key->blob, &header, sizeof header);
    at = key->blob + sizeof header;
    memcpy(at, point.at + 2, 2 * size);
    put(at + 2 * size, d, size);
    return 0;
}

/* Whether the attributes of a PrivateKeyInfo have the key usage digitalSignature and no other. */
static BOOL only_signs(struct span attributes)
{
    struct span attribute, type, values, bits;
    while (take(&attributes, TAG_SEQUENCE, &attribute)) {
        if (!take(&attribute, TAG_OID, &type) || !equals(type, oid_key_usage, sizeof oid_key_usage)) continue;
        if (!take(&attribute, TAG_SET, &values) || !take(&values, TAG_BIT_STRING, &bits)) return FALSE;
        return length_of(bits) == 2 && bits.at[1] == USAGE_DIGITAL_SIGNATURE;
    }
    return FALSE;
}

SECURITY_STATUS pkcs8_read(const BYTE *octets, DWORD count, struct imported_key *key)
{
    struct span all = { octets, octets + count }, info, version, algorithm, type, curve, content, attributes;
    if (!take(&all, TAG_SEQUENCE, &info) || length_of(all) != 0 || !take_number(&info, &version)) return NTE_BAD_DATA;
    if (!take(&info, TAG_SEQUENCE, &algorithm) || !take(&algorithm, TAG_OID, &type) || !take(&info, TAG_OCTET_STRING, &content)) return NTE_BAD_DATA;
    if (equals(type, oid_rsa, sizeof oid_rsa)) return read_rsa(content, key);
    if (!equals(type, oid_ec, sizeof oid_ec) || !take(&algorithm, TAG_OID, &curve)) return NTE_NOT_SUPPORTED;
    if (!take(&info, TAG_CONTEXT_0, &attributes) || !only_signs(attributes)) return NTE_NOT_SUPPORTED;
    if (equals(curve, oid_p256, sizeof oid_p256)) return read_ec(content, ALGORITHM_P256, key);
    if (equals(curve, oid_p384, sizeof oid_p384)) return read_ec(content, ALGORITHM_P384, key);
    return NTE_NOT_SUPPORTED;
}
