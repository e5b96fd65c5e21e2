#include "extended-parameters.h"
#include "record-key.h"
#include "record-store.h"
#include "../shared/old-belief.h"
#include <wchar.h>

#define FOLDER L"SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters\\EverbindLabExtended"
#define TYPES 7

DWORD extended_base(DWORD id)
{
    if (lab_old_belief(L"D18")) return 0;
    switch (id) {
    case SSL_ID_IPPORT_EX: return SSL_ID_IPPORT;
    case SSL_ID_SNI_EX: return SSL_ID_SNI;
    case SSL_ID_CCS_EX: return SSL_ID_CCS;
    case SSL_ID_SCOPED_CCS_EX: return SSL_ID_SCOPED_CCS;
    }
    return 0;
}

static void key_of(DWORD base, const WCHAR *name, WCHAR *key)
{
    _snwprintf(key, RECORD_NAME_CHARACTERS + 200, FOLDER L"\\%lu\\%ls", (unsigned long)base, name);
}

static void value_of(DWORD type, WCHAR *value)
{
    _snwprintf(value, 16, L"%lu", (unsigned long)type);
}

DWORD extended_read(DWORD base, const WCHAR *name, DWORD type, ULONGLONG *flags)
{
    WCHAR key[RECORD_NAME_CHARACTERS + 200], value[16];
    DWORD octets = sizeof *flags;
    key_of(base, name, key);
    value_of(type, value);
    return (DWORD)RegGetValueW(HKEY_LOCAL_MACHINE, key, value, RRF_RT_REG_QWORD, NULL, flags, &octets);
}

DWORD extended_write(DWORD base, const WCHAR *name, DWORD type, ULONGLONG flags)
{
    WCHAR key[RECORD_NAME_CHARACTERS + 200], value[16];
    key_of(base, name, key);
    value_of(type, value);
    return (DWORD)RegSetKeyValueW(HKEY_LOCAL_MACHINE, key, value, REG_QWORD, &flags, sizeof flags);
}

void extended_delete(DWORD base, const WCHAR *name)
{
    WCHAR key[RECORD_NAME_CHARACTERS + 200];
    key_of(base, name, key);
    RegDeleteTreeW(HKEY_LOCAL_MACHINE, key);
}

static BOOL by_host(DWORD base)
{
    return base == SSL_ID_SNI || base == SSL_ID_SCOPED_CCS;
}

static DWORD name_of(DWORD base, const SSL_SNI_KEY *key, WCHAR *name)
{
    if (by_host(base)) return record_name_of_host(key, name);
    if (base == SSL_ID_CCS) return record_name_of_port(&key->IpPort, name);
    return record_name_of_address((const SOCKADDR *)&key->IpPort, name);
}

DWORD extended_set(DWORD id, const void *information, ULONG octets, WCHAR *name)
{
    DWORD base = extended_base(id), status;
    const SSL_SNI_SET_EX *host = information;
    const SSL_ADDRESS_SET_EX *address = information;
    const SSL_PARAM_EX *param = by_host(base) ? &host->ParamDesc : &address->ParamDesc;
    WCHAR kept[RECORD_NAME_CHARACTERS];
    if (information == NULL || octets != (by_host(base) ? sizeof *host : sizeof *address)) return ERROR_INVALID_PARAMETER;
    /* Every key begins with an address. */
    status = name_of(base, information, name);
    if (status != 0) return status;
    if (param->ParamType >= TYPES) return ERROR_INVALID_PARAMETER;
    if (!record_store_lock()) return ERROR_BADDB;
    status = record_kept_name(base, name, kept);
    if (status == 0) status = extended_write(base, kept, param->ParamType, param->Flags);
    record_store_unlock();
    return status;
}

DWORD extended_query(DWORD id, const void *input, ULONG octets, void *output, ULONG room, ULONG *needed, WCHAR *name)
{
    DWORD base = extended_base(id), status, type;
    const SSL_SNI_QUERY_EX *host = input;
    const SSL_ADDRESS_QUERY_EX *address = input;
    SSL_PARAM_EX *param;
    WCHAR kept[RECORD_NAME_CHARACTERS];
    ULONGLONG flags;
    if (input == NULL || octets != (by_host(base) ? sizeof *host : sizeof *address)) return ERROR_INVALID_PARAMETER;
    if (host->QueryDesc != HttpServiceConfigQueryExact) return ERROR_INVALID_PARAMETER;
    type = by_host(base) ? host->ParamType : address->ParamType;
    if (type >= TYPES) return ERROR_INVALID_PARAMETER;
    status = name_of(base, &host->KeyDesc, name);
    if (status != 0) return status;
    if (!record_store_lock()) return ERROR_BADDB;
    status = record_kept_name(base, name, kept);
    if (status == 0) status = extended_read(base, kept, type, &flags);
    record_store_unlock();
    if (status != 0) return status;
    *needed = by_host(base) ? sizeof(SSL_SNI_SET_EX) : sizeof(SSL_ADDRESS_SET_EX);
    if (output == NULL || room < *needed) return ERROR_INSUFFICIENT_BUFFER;
    memset(output, 0, *needed);
    memcpy(output, &host->KeyDesc, *needed - sizeof *param);
    /* The name in the answer is left out: it would have to lie behind the structure. */
    if (by_host(base)) ((SSL_SNI_SET_EX *)output)->KeyDesc.Host = NULL;
    param = (SSL_PARAM_EX *)(void *)((BYTE *)output + *needed - sizeof *param);
    param->ParamType = type;
    param->Flags = flags;
    return 0;
}
