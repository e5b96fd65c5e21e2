#include "rsa.h"
#include <stdlib.h>

static SECURITY_STATUS status_of(NTSTATUS status)
{
    switch ((DWORD)status) {
    case 0: return 0;
    case 0xc0000023: return NTE_BUFFER_TOO_SMALL;
    case 0xc000000d: return NTE_INVALID_PARAMETER;
    case 0xc000a000: return NTE_BAD_SIGNATURE;
    }
    return NTE_FAIL;
}

SECURITY_STATUS rsa_generate(DWORD bits, BYTE **blob, DWORD *octets)
{
    BCRYPT_ALG_HANDLE algorithm = NULL;
    BCRYPT_KEY_HANDLE key = NULL;
    NTSTATUS status = BCryptOpenAlgorithmProvider(&algorithm, BCRYPT_RSA_ALGORITHM, NULL, 0);
    *blob = NULL;
    if (status == 0) status = BCryptGenerateKeyPair(algorithm, &key, bits, 0);
    if (status == 0) status = BCryptFinalizeKeyPair(key, 0);
    if (status == 0) status = BCryptExportKey(key, NULL, BCRYPT_RSAFULLPRIVATE_BLOB, NULL, 0, octets, 0);
    if (status == 0) *blob = malloc(*octets);
    if (status == 0 && *blob != NULL) status = BCryptExportKey(key, NULL, BCRYPT_RSAFULLPRIVATE_BLOB, *blob, *octets, octets, 0);
    if (key != NULL) BCryptDestroyKey(key);
    if (algorithm != NULL) BCryptCloseAlgorithmProvider(algorithm, 0);
    if (status == 0 && *blob != NULL) return 0;
    free(*blob);
    *blob = NULL;
    return status == 0 ? NTE_NO_MEMORY : status_of(status);
}

static NTSTATUS load(const BYTE *blob, DWORD octets, BCRYPT_ALG_HANDLE *algorithm, BCRYPT_KEY_HANDLE *key)
{
    NTSTATUS status = BCryptOpenAlgorithmProvider(algorithm, BCRYPT_RSA_ALGORITHM, NULL, 0);
    if (status == 0) status = BCryptImportKeyPair(*algorithm, NULL, BCRYPT_RSAFULLPRIVATE_BLOB, key, (BYTE *)blob, octets, 0);
    return status;
}

static void unload(BCRYPT_ALG_HANDLE algorithm, BCRYPT_KEY_HANDLE key)
{
    if (key != NULL) BCryptDestroyKey(key);
    if (algorithm != NULL) BCryptCloseAlgorithmProvider(algorithm, 0);
}

SECURITY_STATUS rsa_sign(const BYTE *blob, DWORD octets, void *padding, DWORD flags, BYTE *hash, DWORD hash_octets, BYTE *signature, DWORD room, DWORD *length)
{
    BCRYPT_ALG_HANDLE algorithm = NULL;
    BCRYPT_KEY_HANDLE key = NULL;
    NTSTATUS status = load(blob, octets, &algorithm, &key);
    if (status == 0) status = BCryptSignHash(key, padding, hash, hash_octets, signature, room, length, flags);
    unload(algorithm, key);
    return status_of(status);
}

SECURITY_STATUS rsa_verify(const BYTE *blob, DWORD octets, void *padding, DWORD flags, BYTE *hash, DWORD hash_octets, BYTE *signature, DWORD length)
{
    BCRYPT_ALG_HANDLE algorithm = NULL;
    BCRYPT_KEY_HANDLE key = NULL;
    NTSTATUS status = load(blob, octets, &algorithm, &key);
    if (status == 0) status = BCryptVerifySignature(key, padding, hash, hash_octets, signature, length, flags);
    unload(algorithm, key);
    return status_of(status);
}
