#ifndef LAB_PKCS8_H
#define LAB_PKCS8_H
#include "providers.h"

/* A private key that came as PrivateKeyInfo (RFC 5958). */
struct imported_key {
    enum algorithm algorithm;
    DWORD bits;
    /* BCRYPT_RSAFULLPRIVATE_BLOB or BCRYPT_ECCPRIVATE_BLOB, of malloc. */
    BYTE *blob;
    DWORD blob_octets;
};

/*
 * NTE_BAD_DATA for what is no such key, NTE_NOT_SUPPORTED for kinds that the double does not have. An EC key must have
 * the key usage digitalSignature alone: of any other one Windows makes an ECDH key.
 */
SECURITY_STATUS pkcs8_read(const BYTE *octets, DWORD count, struct imported_key *key);
#endif
