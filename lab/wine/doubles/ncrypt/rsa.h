#ifndef LAB_RSA_H
#define LAB_RSA_H
#include "status.h"

/* RSA by Wine's bcrypt.dll, keys as BCRYPT_RSAFULLPRIVATE_BLOB. */

/* `blob` is of malloc. */
SECURITY_STATUS rsa_generate(DWORD bits, BYTE **blob, DWORD *octets);
/* `flags`: BCRYPT_PAD_PKCS1 or BCRYPT_PAD_PSS, with their structure in `padding`. */
SECURITY_STATUS rsa_sign(const BYTE *blob, DWORD octets, void *padding, DWORD flags, BYTE *hash, DWORD hash_octets, BYTE *signature, DWORD room, DWORD *length);
SECURITY_STATUS rsa_verify(const BYTE *blob, DWORD octets, void *padding, DWORD flags, BYTE *hash, DWORD hash_octets, BYTE *signature, DWORD length);
#endif
