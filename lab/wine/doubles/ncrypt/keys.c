#include "device.h"
#include "ecdsa.h"
#include "key-file.h"
#include "pkcs8.h"
#include "rsa.h"
#include "../shared/call.h"
#include "../shared/export.h"
#include <ntsecapi.h>
#include <stdlib.h>
#include <wchar.h>

static void about_key(struct lab_call *call, const struct object *key)
{
    if (key != NULL) lab_call_about(call, L"%ls\\%ls", key->provider->name, key->name);
}

static SECURITY_STATUS create_key(NCRYPT_PROV_HANDLE provider_handle, NCRYPT_KEY_HANDLE *handle, const WCHAR *algorithm, const WCHAR *name, DWORD flags)
{
    const struct object *provider = object_of(provider_handle, OBJECT_PROVIDER);
    enum algorithm which;
    struct object *key;
    SECURITY_STATUS status;
    if (provider == NULL) return NTE_INVALID_HANDLE;
    if (handle == NULL || algorithm == NULL) return NTE_INVALID_PARAMETER;
    if ((flags & ~(DWORD)(NCRYPT_MACHINE_KEY_FLAG | NCRYPT_OVERWRITE_KEY_FLAG | NCRYPT_SILENT_FLAG)) != 0) return NTE_BAD_FLAGS;
    status = device_away(provider->provider);
    if (status != 0) return status;
    if (!algorithm_of(provider->provider, algorithm, &which)) return NTE_NOT_SUPPORTED;
    if (name != NULL && (name[0] == 0 || wcsnlen(name, KEY_NAME_CHARACTERS) == KEY_NAME_CHARACTERS)) return NTE_INVALID_PARAMETER;
    key = object_make(OBJECT_KEY, provider->provider);
    if (key == NULL) return NTE_NO_MEMORY;
    if (name != NULL) wcscpy(key->name, name);
    key->machine = (flags & NCRYPT_MACHINE_KEY_FLAG) != 0;
    key->overwrites = (flags & NCRYPT_OVERWRITE_KEY_FLAG) != 0;
    key->algorithm = which;
    key->length = default_length(which);
    key->usage = which == ALGORITHM_RSA ? NCRYPT_ALLOW_ALL_USAGES : NCRYPT_ALLOW_SIGNING_FLAG;
    status = name == NULL ? NTE_BAD_KEYSET : key_file_find(key);
    if (status == 0 && !key->overwrites) status = NTE_EXISTS;
    if (status == NTE_BAD_KEYSET) status = 0;
    if (status != 0) object_free(key);
    else *handle = (NCRYPT_KEY_HANDLE)key;
    return status;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptCreatePersistedKey(NCRYPT_PROV_HANDLE provider, NCRYPT_KEY_HANDLE *key, LPCWSTR algorithm, LPCWSTR name, DWORD legacy, DWORD flags)
{
    struct lab_call call;
    SECURITY_STATUS status = 0;
    BOOL ahead = lab_call_begin(&call, "NCryptCreatePersistedKey");
    (void)legacy;
    lab_call_about(&call, L"%ls %ls", algorithm == NULL ? L"" : algorithm, name == NULL ? L"" : name);
    if (ahead) status = create_key(provider, key, algorithm, name, flags);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

/* BCRYPT_ECCPRIVATE_BLOB: magic and length of a coordinate, then x, y and d. */
static SECURITY_STATUS generate_ecdsa(enum ecdsa_curve curve, BYTE **blob, DWORD *octets)
{
    size_t size = ecdsa_octets(curve);
    BYTE random[ECDSA_MAX_OCTETS];
    BCRYPT_ECCKEY_BLOB *header;
    ECDSA_KEY key;
    do {
        if (!RtlGenRandom(random, sizeof random)) return NTE_FAIL;
    } while (!ecdsa_key_from_random(curve, random, &key));
    *octets = (DWORD)(sizeof *header + 3 * size);
    header = malloc(*octets);
    if (header == NULL) return NTE_NO_MEMORY;
    header->dwMagic = curve == ECDSA_CURVE_P256 ? BCRYPT_ECDSA_PRIVATE_P256_MAGIC : BCRYPT_ECDSA_PRIVATE_P384_MAGIC;
    header->cbKey = (ULONG)size;
    *blob = (BYTE *)header;
    memcpy(*blob + sizeof *header, key.x, size);
    memcpy(*blob + sizeof *header + size, key.y, size);
    memcpy(*blob + sizeof *header + 2 * size, key.d, size);
    return 0;
}

static SECURITY_STATUS finalize_key(struct object *key)
{
    SECURITY_STATUS status;
    if (key->finalized) return NTE_INVALID_HANDLE;
    status = device_away(key->provider);
    if (status != 0) return status;
    if (key->blob != NULL) status = 0;
    else if (key->algorithm == ALGORITHM_RSA) status = rsa_generate(key->length, &key->blob, &key->blob_octets);
    else status = generate_ecdsa(key->algorithm == ALGORITHM_P256 ? ECDSA_CURVE_P256 : ECDSA_CURVE_P384, &key->blob, &key->blob_octets);
    if (status == 0 && key->name[0] != 0) status = key_file_write(key, key->overwrites);
    if (status == 0) {
        key->finalized = TRUE;
    } else {
        free(key->blob);
        key->blob = NULL;
    }
    return status;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptFinalizeKey(NCRYPT_KEY_HANDLE handle, DWORD flags)
{
    struct lab_call call;
    struct object *key = object_of(handle, OBJECT_KEY);
    SECURITY_STATUS status = NTE_INVALID_HANDLE;
    BOOL ahead = lab_call_begin(&call, "NCryptFinalizeKey");
    (void)flags;
    about_key(&call, key);
    if (ahead && key != NULL) status = finalize_key(key);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

/* The name for the key, from the parameters of NCryptImportKey; NULL when there is none. */
static const WCHAR *name_in(const NCryptBufferDesc *parameters)
{
    for (ULONG i = 0; parameters != NULL && i < parameters->cBuffers; i++) {
        if (parameters->pBuffers[i].BufferType == NCRYPTBUFFER_PKCS_KEY_NAME) return parameters->pBuffers[i].pvBuffer;
    }
    return NULL;
}

/*
 * PKCS #8 alone, and the software provider alone: what other providers do with a private key differs from one to the
 * next.
 */
static SECURITY_STATUS import_key(NCRYPT_PROV_HANDLE provider_handle, const WCHAR *type, const WCHAR *name, NCRYPT_KEY_HANDLE *handle, const BYTE *octets, DWORD count, DWORD flags)
{
    const DWORD known = NCRYPT_MACHINE_KEY_FLAG | NCRYPT_OVERWRITE_KEY_FLAG | NCRYPT_SILENT_FLAG | NCRYPT_DO_NOT_FINALIZE_FLAG;
    const struct object *provider = object_of(provider_handle, OBJECT_PROVIDER);
    struct imported_key imported = { 0 };
    NCRYPT_KEY_HANDLE made;
    struct object *key;
    SECURITY_STATUS status;
    if (provider == NULL) return NTE_INVALID_HANDLE;
    if (handle == NULL || type == NULL || octets == NULL) return NTE_INVALID_PARAMETER;
    if ((flags & ~known) != 0) return NTE_BAD_FLAGS;
    if (wcscmp(type, NCRYPT_PKCS8_PRIVATE_KEY_BLOB) != 0) return NTE_NOT_SUPPORTED;
    status = device_refuses_form(provider->provider, type);
    if (status != 0) return status;
    status = pkcs8_read(octets, count, &imported);
    if (status != 0) return status;
    status = length_is_offered(provider->provider, imported.algorithm, imported.bits) ? 0 : NTE_NOT_SUPPORTED;
    if (status == 0) status = create_key(provider_handle, &made, algorithm_name(imported.algorithm), name, flags & ~(DWORD)NCRYPT_DO_NOT_FINALIZE_FLAG);
    if (status != 0) {
        SecureZeroMemory(imported.blob, imported.blob_octets);
        free(imported.blob);
        return status;
    }
    key = object_of(made, OBJECT_KEY);
    key->length = imported.bits;
    key->blob = imported.blob;
    key->blob_octets = imported.blob_octets;
    if ((flags & NCRYPT_DO_NOT_FINALIZE_FLAG) == 0) status = finalize_key(key);
    if (status != 0) object_free(key);
    else *handle = made;
    return status;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptImportKey(NCRYPT_PROV_HANDLE provider, NCRYPT_KEY_HANDLE wrapping, LPCWSTR type, NCryptBufferDesc *parameters, NCRYPT_KEY_HANDLE *key,
                                       PBYTE octets, DWORD count, DWORD flags)
{
    struct lab_call call;
    const WCHAR *name = name_in(parameters);
    SECURITY_STATUS status = NTE_NOT_SUPPORTED;
    BOOL ahead = lab_call_begin(&call, "NCryptImportKey");
    lab_call_about(&call, L"%ls %ls", type == NULL ? L"" : type, name == NULL ? L"" : name);
    if (ahead && wrapping == 0) status = import_key(provider, type, name, key, octets, count, flags);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

static SECURITY_STATUS open_key(NCRYPT_PROV_HANDLE provider_handle, NCRYPT_KEY_HANDLE *handle, const WCHAR *name, DWORD flags)
{
    const struct object *provider = object_of(provider_handle, OBJECT_PROVIDER);
    struct object *key;
    SECURITY_STATUS status;
    if (provider == NULL) return NTE_INVALID_HANDLE;
    if (handle == NULL || name == NULL || name[0] == 0) return NTE_INVALID_PARAMETER;
    if ((flags & ~(DWORD)(NCRYPT_MACHINE_KEY_FLAG | NCRYPT_SILENT_FLAG)) != 0) return NTE_BAD_FLAGS;
    if (wcsnlen(name, KEY_NAME_CHARACTERS) == KEY_NAME_CHARACTERS) return NTE_BAD_KEYSET;
    status = device_away(provider->provider);
    if (status != 0) return status;
    key = object_make(OBJECT_KEY, provider->provider);
    if (key == NULL) return NTE_NO_MEMORY;
    wcscpy(key->name, name);
    key->machine = (flags & NCRYPT_MACHINE_KEY_FLAG) != 0;
    status = key_file_read(key);
    if (status != 0) object_free(key);
    else *handle = (NCRYPT_KEY_HANDLE)key;
    return status;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptOpenKey(NCRYPT_PROV_HANDLE provider, NCRYPT_KEY_HANDLE *key, LPCWSTR name, DWORD legacy, DWORD flags)
{
    struct lab_call call;
    SECURITY_STATUS status = 0;
    BOOL ahead = lab_call_begin(&call, "NCryptOpenKey");
    (void)legacy;
    lab_call_about(&call, L"%ls", name == NULL ? L"" : name);
    if (ahead) status = open_key(provider, key, name, flags);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

/* The handle is freed with the key; after a failure it stands. */
LAB_EXPORT SECURITY_STATUS WINAPI NCryptDeleteKey(NCRYPT_KEY_HANDLE handle, DWORD flags)
{
    struct lab_call call;
    struct object *key = object_of(handle, OBJECT_KEY);
    SECURITY_STATUS status = key == NULL ? NTE_INVALID_HANDLE : 0;
    BOOL ahead = lab_call_begin(&call, "NCryptDeleteKey");
    (void)flags;
    about_key(&call, key);
    if (ahead && key != NULL) {
        status = device_away(key->provider);
        if (status == 0 && key->finalized && key->name[0] != 0) status = key_file_delete(key);
        if (status == 0) object_free(key);
    }
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

static SECURITY_STATUS next_key(NCRYPT_PROV_HANDLE handle, NCryptKeyName **name, PVOID *state, DWORD flags)
{
    const struct object *provider = object_of(handle, OBJECT_PROVIDER);
    struct key_listing *listing;
    const WCHAR *key, *algorithm;
    if (provider == NULL) return NTE_INVALID_HANDLE;
    if (name == NULL || state == NULL) return NTE_INVALID_PARAMETER;
    if (*state == NULL) {
        SECURITY_STATUS status = key_file_list(provider->provider, (flags & NCRYPT_MACHINE_KEY_FLAG) != 0, &listing);
        if (status != 0) return status;
        *state = listing;
    }
    listing = *state;
    if (listing->next == listing->count) return NTE_NO_MORE_ITEMS;
    key = listing->keys[listing->next].name;
    algorithm = algorithm_name(listing->keys[listing->next].algorithm);
    *name = calloc(1, sizeof **name + (wcslen(key) + wcslen(algorithm) + 2) * sizeof *key);
    if (*name == NULL) return NTE_NO_MEMORY;
    (*name)->pszName = wcscpy((WCHAR *)(*name + 1), key);
    (*name)->pszAlgid = wcscpy((*name)->pszName + wcslen(key) + 1, algorithm);
    (*name)->dwFlags = flags & NCRYPT_MACHINE_KEY_FLAG;
    listing->next++;
    return 0;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptEnumKeys(NCRYPT_PROV_HANDLE provider, LPCWSTR scope, NCryptKeyName **name, PVOID *state, DWORD flags)
{
    struct lab_call call;
    SECURITY_STATUS status = NTE_NOT_SUPPORTED;
    if (lab_call_begin(&call, "NCryptEnumKeys") && scope == NULL) status = next_key(provider, name, state, flags);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}
