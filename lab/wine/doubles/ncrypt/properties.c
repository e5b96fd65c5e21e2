#include "answer.h"
#include "device.h"
#include "key-file.h"
#include "../shared/call.h"
#include "../shared/export.h"
#include "../shared/old-belief.h"
#include <stdlib.h>
#include <wchar.h>

/* Generic rights become specific ones, as in files: what is read back is not what was set. */
static void map_rights(BYTE *descriptor)
{
    static GENERIC_MAPPING rights = { FILE_GENERIC_READ, FILE_GENERIC_WRITE, FILE_GENERIC_EXECUTE, FILE_ALL_ACCESS };
    BOOL present, defaulted;
    ACL *list;
    ACE_HEADER *entry;
    if (lab_old_belief(L"D15") || !GetSecurityDescriptorDacl(descriptor, &present, &list, &defaulted) || !present || list == NULL) return;
    for (DWORD i = 0; GetAce(list, i, (void **)&entry); i++) {
        if (entry->AceType <= ACCESS_DENIED_ACE_TYPE) MapGenericMask(&((ACCESS_ALLOWED_ACE *)entry)->Mask, &rights);
    }
}

/* The descriptor of a key, in self-relative form. It may be changed as long as the key lives. */
static SECURITY_STATUS set_security(struct object *key, const BYTE *value, DWORD octets)
{
    BYTE *copy;
    if (!IsValidSecurityDescriptor((PSECURITY_DESCRIPTOR)value) || GetSecurityDescriptorLength((PSECURITY_DESCRIPTOR)value) > octets) return NTE_INVALID_PARAMETER;
    copy = malloc(octets);
    if (copy == NULL) return NTE_NO_MEMORY;
    memcpy(copy, value, octets);
    map_rights(copy);
    free(key->security);
    key->security = copy;
    key->security_octets = octets;
    return key->finalized && key->name[0] != 0 ? key_file_write(key, TRUE) : 0;
}

/* With what the software provider refuses a length is not known. */
static SECURITY_STATUS refused_length(const struct provider *provider)
{
    return provider->implementation == NCRYPT_IMPL_HARDWARE_FLAG && !lab_old_belief(L"D12") ? NTE_INVALID_PARAMETER : NTE_NOT_SUPPORTED;
}

static BOOL is_private_form(const WCHAR *name)
{
    static const WCHAR *const forms[] = { BCRYPT_PRIVATE_KEY_BLOB, BCRYPT_RSAFULLPRIVATE_BLOB, BCRYPT_ECCPRIVATE_BLOB };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (wcscmp(forms[i], name) == 0) return TRUE;
    }
    return FALSE;
}

/* The length of a private key's modulus or coordinates in bits; 0 for what is no whole blob of this algorithm. */
static DWORD bits_of_blob(enum algorithm algorithm, const BYTE *value, DWORD octets)
{
    BCRYPT_RSAKEY_BLOB rsa;
    BCRYPT_ECCKEY_BLOB ecc;
    DWORD magic = algorithm == ALGORITHM_P256 ? BCRYPT_ECDSA_PRIVATE_P256_MAGIC : BCRYPT_ECDSA_PRIVATE_P384_MAGIC;
    if (algorithm == ALGORITHM_RSA) {
        if (octets < sizeof rsa) return 0;
        memcpy(&rsa, value, sizeof rsa);
        if (rsa.Magic != BCRYPT_RSAFULLPRIVATE_MAGIC || octets != sizeof rsa + rsa.cbPublicExp + 2 * rsa.cbModulus + 3 * rsa.cbPrime1 + 2 * rsa.cbPrime2) return 0;
        return rsa.BitLength;
    }
    if (octets < sizeof ecc) return 0;
    memcpy(&ecc, value, sizeof ecc);
    return ecc.dwMagic == magic && octets == sizeof ecc + 3 * ecc.cbKey ? 8 * ecc.cbKey : 0;
}

/* A private key for a key that is not finalized. */
static SECURITY_STATUS set_private(struct object *key, const WCHAR *form, const BYTE *value, DWORD octets)
{
    SECURITY_STATUS status = device_refuses_form(key->provider, form);
    DWORD bits = bits_of_blob(key->algorithm, value, octets);
    if (status != 0) return status;
    if (key->finalized || wcscmp(form, key->algorithm == ALGORITHM_RSA ? BCRYPT_ECCPRIVATE_BLOB : BCRYPT_RSAFULLPRIVATE_BLOB) == 0) return NTE_NOT_SUPPORTED;
    if (bits == 0 || !length_is_offered(key->provider, key->algorithm, bits)) return NTE_BAD_DATA;
    free(key->blob);
    key->blob = malloc(octets);
    if (key->blob == NULL) return NTE_NO_MEMORY;
    memcpy(key->blob, value, octets);
    key->blob_octets = octets;
    key->length = bits;
    return 0;
}

static SECURITY_STATUS set_property(struct object *object, const WCHAR *name, const BYTE *value, DWORD octets, DWORD flags)
{
    DWORD number = 0;
    SECURITY_STATUS status;
    if (name == NULL || value == NULL) return NTE_INVALID_PARAMETER;
    if (object->kind != OBJECT_KEY) return NTE_NOT_SUPPORTED;
    status = device_refuses_property(object->provider, name, flags);
    if (status != 0) return status;
    if (wcscmp(name, NCRYPT_SECURITY_DESCR_PROPERTY) == 0) return set_security(object, value, octets);
    if (wcscmp(name, NCRYPT_WINDOW_HANDLE_PROPERTY) == 0) return 0;
    if (is_private_form(name)) return set_private(object, name, value, octets);
    if (octets != sizeof number) return NTE_INVALID_PARAMETER;
    memcpy(&number, value, sizeof number);
    /* Nothing else may change once the key is made; with which status is not documented. */
    if (object->finalized) return NTE_NOT_SUPPORTED;
    if (wcscmp(name, NCRYPT_LENGTH_PROPERTY) == 0) {
        if (!length_is_offered(object->provider, object->algorithm, number)) return refused_length(object->provider);
        object->length = number;
        return 0;
    }
    if (wcscmp(name, NCRYPT_EXPORT_POLICY_PROPERTY) == 0) {
        if (number != 0 && object->provider->implementation == NCRYPT_IMPL_HARDWARE_FLAG) return NTE_NOT_SUPPORTED;
        object->policy = number;
        return 0;
    }
    if (wcscmp(name, NCRYPT_KEY_USAGE_PROPERTY) == 0) {
        object->usage = number;
        return 0;
    }
    return NTE_NOT_SUPPORTED;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptSetProperty(NCRYPT_HANDLE handle, LPCWSTR name, PBYTE value, DWORD octets, DWORD flags)
{
    struct lab_call call;
    struct object *object = object_of_any(handle);
    SECURITY_STATUS status = NTE_INVALID_HANDLE;
    BOOL ahead = lab_call_begin(&call, "NCryptSetProperty");
    lab_call_about(&call, L"%ls", name == NULL ? L"" : name);
    if (ahead && object != NULL) status = set_property(object, name, value, octets, flags);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

static SECURITY_STATUS get_of_key(const struct object *key, const WCHAR *name, BYTE *output, DWORD room, DWORD *length)
{
    if (wcscmp(name, NCRYPT_NAME_PROPERTY) == 0 || wcscmp(name, NCRYPT_UNIQUE_NAME_PROPERTY) == 0) return answer_text(key->name, output, room, length);
    if (wcscmp(name, NCRYPT_ALGORITHM_PROPERTY) == 0) return answer_text(algorithm_name(key->algorithm), output, room, length);
    if (wcscmp(name, NCRYPT_ALGORITHM_GROUP_PROPERTY) == 0) return answer_text(algorithm_group(key->algorithm), output, room, length);
    if (wcscmp(name, NCRYPT_LENGTH_PROPERTY) == 0) return answer_number(key->length, output, room, length);
    if (wcscmp(name, NCRYPT_EXPORT_POLICY_PROPERTY) == 0) return answer_number(key->policy, output, room, length);
    if (wcscmp(name, NCRYPT_KEY_USAGE_PROPERTY) == 0) return answer_number(key->usage, output, room, length);
    if (wcscmp(name, NCRYPT_KEY_TYPE_PROPERTY) == 0) return answer_number(key->machine ? NCRYPT_MACHINE_KEY_FLAG : 0, output, room, length);
    if (wcscmp(name, NCRYPT_SECURITY_DESCR_PROPERTY) == 0) {
        if (key->security == NULL) return NTE_NOT_FOUND;
        return answer_octets(key->security, key->security_octets, output, room, length);
    }
    return NTE_NOT_SUPPORTED;
}

static SECURITY_STATUS get_property(const struct object *object, const WCHAR *name, BYTE *output, DWORD room, DWORD *length)
{
    if (name == NULL || length == NULL) return NTE_INVALID_PARAMETER;
    if (wcscmp(name, NCRYPT_IMPL_TYPE_PROPERTY) == 0) return answer_number(object->provider->implementation, output, room, length);
    if (object->kind == OBJECT_KEY) return get_of_key(object, name, output, room, length);
    if (wcscmp(name, NCRYPT_NAME_PROPERTY) == 0) return answer_text(object->provider->name, output, room, length);
    if (wcscmp(name, NCRYPT_SECURITY_DESCR_SUPPORT_PROPERTY) == 0) return answer_number(device_descriptors(object->provider), output, room, length);
    return NTE_NOT_SUPPORTED;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptGetProperty(NCRYPT_HANDLE handle, LPCWSTR name, PBYTE output, DWORD room, DWORD *length, DWORD flags)
{
    struct lab_call call;
    const struct object *object = object_of_any(handle);
    SECURITY_STATUS status = NTE_INVALID_HANDLE;
    BOOL ahead = lab_call_begin(&call, "NCryptGetProperty");
    (void)flags;
    lab_call_about(&call, L"%ls", name == NULL ? L"" : name);
    if (ahead && object != NULL) status = get_property(object, name, output, room, length);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}
