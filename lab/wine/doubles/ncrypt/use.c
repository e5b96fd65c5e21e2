#include "answer.h"
#include "device.h"
#include "ecdsa.h"
#include "objects.h"
#include "rsa.h"
#include "../shared/call.h"
#include "../shared/export.h"
#include <ntsecapi.h>
#include <wchar.h>

/* What a finalized key is used for: signing, checking, and giving its blobs away. */

static enum ecdsa_curve curve_of(const struct object *key)
{
    return key->algorithm == ALGORITHM_P256 ? ECDSA_CURVE_P256 : ECDSA_CURVE_P384;
}

static ECDSA_KEY ecdsa_key_of(const struct object *key)
{
    ECDSA_KEY ecdsa;
    size_t size = ecdsa_octets(curve_of(key));
    const BYTE *at = key->blob + sizeof(BCRYPT_ECCKEY_BLOB);
    memcpy(ecdsa.x, at, size);
    memcpy(ecdsa.y, at + size, size);
    memcpy(ecdsa.d, at + 2 * size, size);
    return ecdsa;
}

static BOOL padding_fits(const struct object *key, const void *padding, DWORD flags)
{
    DWORD scheme = flags & ~(DWORD)NCRYPT_SILENT_FLAG;
    if (key->algorithm != ALGORITHM_RSA) return padding == NULL && scheme == 0;
    return padding != NULL && (scheme == BCRYPT_PAD_PKCS1 || scheme == BCRYPT_PAD_PSS);
}

static SECURITY_STATUS sign(const struct object *key, void *padding, BYTE *hash, DWORD hash_octets, BYTE *signature, DWORD room, DWORD *length, DWORD flags)
{
    BYTE random[ECDSA_MAX_OCTETS];
    DWORD size = key->algorithm == ALGORITHM_RSA ? key->length / 8 : (DWORD)(2 * ecdsa_octets(curve_of(key)));
    ECDSA_KEY ecdsa;
    SECURITY_STATUS status = device_away(key->provider);
    if (status != 0) return status;
    if (hash == NULL || length == NULL) return NTE_INVALID_PARAMETER;
    if ((key->usage & NCRYPT_ALLOW_SIGNING_FLAG) == 0) return NTE_PERM;
    if (!padding_fits(key, padding, flags)) return NTE_BAD_FLAGS;
    *length = size;
    if (signature == NULL) return 0;
    if (room < size) return NTE_BUFFER_TOO_SMALL;
    if (key->algorithm == ALGORITHM_RSA) {
        if ((flags & BCRYPT_PAD_PSS) != 0) status = device_refuses_pss(key->provider, ((BCRYPT_PSS_PADDING_INFO *)padding)->cbSalt, hash_octets);
        if (status != 0) return status;
        return rsa_sign(key->blob, key->blob_octets, padding, flags & ~(DWORD)NCRYPT_SILENT_FLAG, hash, hash_octets, signature, room, length);
    }
    ecdsa = ecdsa_key_of(key);
    do {
        if (!RtlGenRandom(random, sizeof random)) return NTE_FAIL;
    } while (!ecdsa_sign(curve_of(key), &ecdsa, hash, hash_octets, random, signature));
    SecureZeroMemory(&ecdsa, sizeof ecdsa);
    return 0;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptSignHash(NCRYPT_KEY_HANDLE handle, VOID *padding, PBYTE hash, DWORD hash_octets, PBYTE signature, DWORD room, DWORD *length, DWORD flags)
{
    struct lab_call call;
    const struct object *key = object_of(handle, OBJECT_KEY);
    SECURITY_STATUS status = NTE_INVALID_HANDLE;
    BOOL ahead = lab_call_begin(&call, "NCryptSignHash");
    if (key != NULL) lab_call_about(&call, L"%ls\\%ls", key->provider->name, key->name);
    if (ahead && key != NULL && key->finalized) status = sign(key, padding, hash, hash_octets, signature, room, length, flags);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

static SECURITY_STATUS verify(const struct object *key, void *padding, BYTE *hash, DWORD hash_octets, BYTE *signature, DWORD octets, DWORD flags)
{
    ECDSA_KEY ecdsa;
    if (hash == NULL || signature == NULL) return NTE_INVALID_PARAMETER;
    if (!padding_fits(key, padding, flags)) return NTE_BAD_FLAGS;
    if (key->algorithm == ALGORITHM_RSA) {
        return rsa_verify(key->blob, key->blob_octets, padding, flags & ~(DWORD)NCRYPT_SILENT_FLAG, hash, hash_octets, signature, octets);
    }
    ecdsa = ecdsa_key_of(key);
    if (octets != 2 * ecdsa_octets(curve_of(key))) return NTE_BAD_SIGNATURE;
    return ecdsa_verify(curve_of(key), &ecdsa, hash, hash_octets, signature) ? 0 : NTE_BAD_SIGNATURE;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptVerifySignature(NCRYPT_KEY_HANDLE handle, VOID *padding, PBYTE hash, DWORD hash_octets, PBYTE signature, DWORD octets, DWORD flags)
{
    struct lab_call call;
    const struct object *key = object_of(handle, OBJECT_KEY);
    SECURITY_STATUS status = NTE_INVALID_HANDLE;
    if (lab_call_begin(&call, "NCryptVerifySignature") && key != NULL && key->finalized) {
        status = verify(key, padding, hash, hash_octets, signature, octets, flags);
    }
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

/* The start of the private blob is the public one but for its magic and, with RSA, the lengths of the primes. */
static SECURITY_STATUS export_public(const struct object *key, BYTE *output, DWORD room, DWORD *length)
{
    BCRYPT_RSAKEY_BLOB rsa;
    DWORD size, magic;
    SECURITY_STATUS status;
    if (key->algorithm == ALGORITHM_RSA) {
        memcpy(&rsa, key->blob, sizeof rsa);
        rsa.Magic = BCRYPT_RSAPUBLIC_MAGIC;
        rsa.cbPrime1 = rsa.cbPrime2 = 0;
        status = answer_octets(key->blob, sizeof rsa + rsa.cbPublicExp + rsa.cbModulus, output, room, length);
        if (status == 0 && output != NULL) memcpy(output, &rsa, sizeof rsa);
        return status;
    }
    size = (DWORD)(sizeof(BCRYPT_ECCKEY_BLOB) + 2 * ecdsa_octets(curve_of(key)));
    magic = key->algorithm == ALGORITHM_P256 ? BCRYPT_ECDSA_PUBLIC_P256_MAGIC : BCRYPT_ECDSA_PUBLIC_P384_MAGIC;
    status = answer_octets(key->blob, size, output, room, length);
    if (status == 0 && output != NULL) memcpy(output, &magic, sizeof magic);
    return status;
}

static SECURITY_STATUS export_key(const struct object *key, const WCHAR *type, BYTE *output, DWORD room, DWORD *length)
{
    BOOL rsa = key->algorithm == ALGORITHM_RSA;
    if (type == NULL || length == NULL) return NTE_INVALID_PARAMETER;
    if (wcscmp(type, BCRYPT_PUBLIC_KEY_BLOB) == 0 || wcscmp(type, rsa ? BCRYPT_RSAPUBLIC_BLOB : BCRYPT_ECCPUBLIC_BLOB) == 0) {
        return export_public(key, output, room, length);
    }
    if (wcscmp(type, rsa ? BCRYPT_RSAFULLPRIVATE_BLOB : BCRYPT_ECCPRIVATE_BLOB) != 0) return NTE_NOT_SUPPORTED;
    if ((key->policy & NCRYPT_ALLOW_PLAINTEXT_EXPORT_FLAG) == 0) return NTE_NOT_SUPPORTED;
    return answer_octets(key->blob, key->blob_octets, output, room, length);
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptExportKey(NCRYPT_KEY_HANDLE handle, NCRYPT_KEY_HANDLE wrapping, LPCWSTR type, NCryptBufferDesc *parameters, PBYTE output,
                                       DWORD room, DWORD *length, DWORD flags)
{
    struct lab_call call;
    const struct object *key = object_of(handle, OBJECT_KEY);
    SECURITY_STATUS status = NTE_INVALID_HANDLE;
    BOOL ahead = lab_call_begin(&call, "NCryptExportKey");
    (void)parameters;
    (void)flags;
    lab_call_about(&call, L"%ls", type == NULL ? L"" : type);
    if (ahead && key != NULL && key->finalized) status = wrapping != 0 ? NTE_NOT_SUPPORTED : export_key(key, type, output, room, length);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}
