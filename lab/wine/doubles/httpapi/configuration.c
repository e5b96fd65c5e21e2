#include "certificate-check.h"
#include "extended-parameters.h"
#include "record-key.h"
#include "record-store.h"
#include "record-value.h"
#include "../shared/call.h"
#include "../shared/export.h"

/*
 * Http{Set,Update,Delete,Query}ServiceConfiguration for the TLS records. Statuses as documented; what is left open
 * there is said beside it.
 */

/* What set, update and delete are given: the record's name and its parameters. */
static DWORD read_set(DWORD id, const void *information, ULONG octets, WCHAR *name, const SSL_PARAM **param)
{
    const SSL_IPPORT_SET *by_address = information;
    const SSL_SNI_SET *by_host = information;
    const SSL_CCS_SET *by_port = information;
    if (information == NULL) return ERROR_INVALID_PARAMETER;
    switch (id) {
    case SSL_ID_IPPORT:
        if (octets != sizeof *by_address) return ERROR_INVALID_PARAMETER;
        *param = &by_address->ParamDesc;
        return record_name_of_address(by_address->KeyDesc.pIpPort, name);
    case SSL_ID_SNI:
    case SSL_ID_SCOPED_CCS:
        if (octets != sizeof *by_host) return ERROR_INVALID_PARAMETER;
        *param = &by_host->ParamDesc;
        return record_name_of_host(&by_host->KeyDesc, name);
    case SSL_ID_CCS:
        if (octets != sizeof *by_port) return ERROR_INVALID_PARAMETER;
        *param = &by_port->ParamDesc;
        return record_name_of_port(&by_port->LocalAddress, name);
    }
    return ERROR_INVALID_PARAMETER;
}

static DWORD write_record(struct lab_call *call, DWORD id, const void *information, ULONG octets, BOOL replaces)
{
    WCHAR name[RECORD_NAME_CHARACTERS];
    const SSL_PARAM *param;
    SSL_RECORD record;
    DWORD status;
    if (extended_base(id) != 0 && !replaces) {
        name[0] = 0;
        status = extended_set(id, information, octets, name);
        lab_call_about(call, L"%lu %ls", id, name);
        return status;
    }
    status = read_set(id, information, octets, name, &param);
    if (status != 0) return status;
    lab_call_about(call, L"%lu %ls", id, name);
    status = record_of_param(id, param, &record);
    if (status != 0) return status;
    if (!record_store_lock()) return ERROR_BADDB;
    if (replaces && !record_exists(id, name)) status = ERROR_FILE_NOT_FOUND;
    if (status == 0) status = certificate_check(&record);
    if (status == 0 && !replaces && record_exists(id, name)) status = ERROR_ALREADY_EXISTS;
    if (status == 0) status = record_write(id, name, &record);
    record_store_unlock();
    return status;
}

LAB_EXPORT ULONG WINAPI HttpSetServiceConfiguration(HANDLE service, HTTP_SERVICE_CONFIG_ID id, PVOID information, ULONG octets, LPOVERLAPPED overlapped)
{
    struct lab_call call;
    DWORD status = ERROR_INVALID_PARAMETER;
    BOOL reserved_are_null = service == NULL && overlapped == NULL;
    if (lab_call_begin(&call, "HttpSetServiceConfiguration") && reserved_are_null) status = write_record(&call, id, information, octets, FALSE);
    return lab_call_end(&call, status);
}

#ifndef LAB_NO_UPDATE
LAB_EXPORT ULONG WINAPI HttpUpdateServiceConfiguration(HANDLE service, HTTP_SERVICE_CONFIG_ID id, PVOID information, ULONG octets, LPOVERLAPPED overlapped)
{
    struct lab_call call;
    DWORD status = ERROR_INVALID_PARAMETER;
    /* Documented for ids 1, 5 and 6 only. */
    BOOL allowed = service == NULL && overlapped == NULL && (DWORD)id != SSL_ID_SCOPED_CCS;
    if (lab_call_begin(&call, "HttpUpdateServiceConfiguration") && allowed) status = write_record(&call, id, information, octets, TRUE);
    return lab_call_end(&call, status);
}
#endif

static DWORD delete_record(struct lab_call *call, DWORD id, const void *information, ULONG octets)
{
    WCHAR name[RECORD_NAME_CHARACTERS];
    const SSL_PARAM *param;
    DWORD status = read_set(id, information, octets, name, &param);
    if (status != 0) return status;
    lab_call_about(call, L"%lu %ls", id, name);
    if (!record_store_lock()) return ERROR_BADDB;
    status = record_delete(id, name);
    /* Whether Windows drops them with the record is not documented; nothing says that it keeps them. */
    if (status == 0) extended_delete(id, name);
    record_store_unlock();
    return status;
}

LAB_EXPORT ULONG WINAPI HttpDeleteServiceConfiguration(HANDLE service, HTTP_SERVICE_CONFIG_ID id, PVOID information, ULONG octets, LPOVERLAPPED overlapped)
{
    struct lab_call call;
    DWORD status = ERROR_INVALID_PARAMETER;
    BOOL reserved_are_null = service == NULL && overlapped == NULL;
    if (lab_call_begin(&call, "HttpDeleteServiceConfiguration") && reserved_are_null) status = delete_record(&call, id, information, octets);
    return lab_call_end(&call, status);
}

/* What a query asks for: a name, or a position. */
static DWORD read_query(DWORD id, const void *input, ULONG octets, WCHAR *name, DWORD *kind, DWORD *position)
{
    const SSL_IPPORT_QUERY *by_address = input;
    const SSL_SNI_QUERY *by_host = input;
    const SSL_CCS_QUERY *by_port = input;
    BOOL exact;
    if (input == NULL || octets < sizeof *kind) return ERROR_INVALID_PARAMETER;
    *kind = *(const DWORD *)input;
    exact = *kind == HttpServiceConfigQueryExact;
    if (!exact && *kind != HttpServiceConfigQueryNext) return ERROR_INVALID_PARAMETER;
    switch (id) {
    case SSL_ID_IPPORT:
        if (octets != sizeof *by_address) return ERROR_INVALID_PARAMETER;
        *position = by_address->dwToken;
        return exact ? record_name_of_address(by_address->KeyDesc.pIpPort, name) : 0;
    case SSL_ID_SNI:
    case SSL_ID_SCOPED_CCS:
        if (octets != sizeof *by_host) return ERROR_INVALID_PARAMETER;
        *position = by_host->dwToken;
        return exact ? record_name_of_host(&by_host->KeyDesc, name) : 0;
    case SSL_ID_CCS:
        if (octets != sizeof *by_port) return ERROR_INVALID_PARAMETER;
        *position = by_port->dwToken;
        return exact ? record_name_of_port(&by_port->LocalAddress, name) : 0;
    }
    return ERROR_INVALID_PARAMETER;
}

/*
 * Lays a record out in the caller's buffer, its pointers leading into the same buffer; ERROR_INSUFFICIENT_BUFFER with
 * the size otherwise.
 */
static DWORD write_answer(DWORD id, const WCHAR *name, const SSL_RECORD *record, void *output, ULONG room, ULONG *needed)
{
    WCHAR host[RECORD_NAME_CHARACTERS] = L"";
    SOCKADDR_STORAGE address;
    ULONG address_octets = 0, fixed, key_octets;
    BOOL by_host = id == SSL_ID_SNI || id == SSL_ID_SCOPED_CCS;
    BYTE *tail;
    if (!(by_host ? record_host_of_name(name, &address, host) : record_address_of_name(name, &address, &address_octets))) return ERROR_BADDB;
    fixed = by_host ? sizeof(SSL_SNI_SET) : id == SSL_ID_CCS ? sizeof(SSL_CCS_SET) : sizeof(SSL_IPPORT_SET);
    key_octets = by_host ? text_octets(host) : id == SSL_ID_IPPORT ? (address_octets + 7) & ~7u : 0;
    *needed = fixed + key_octets + record_tail_octets(record);
    if (output == NULL || room < *needed) return ERROR_INSUFFICIENT_BUFFER;
    memset(output, 0, *needed);
    tail = (BYTE *)output + fixed;
    if (by_host) {
        SSL_SNI_SET *answer = output;
        answer->KeyDesc.IpPort = address;
        answer->KeyDesc.Host = (PWSTR)(void *)tail;
        memcpy(tail, host, (wcslen(host) + 1) * sizeof *host);
        param_of_record(record, &answer->ParamDesc, tail + key_octets);
    } else if (id == SSL_ID_CCS) {
        SSL_CCS_SET *answer = output;
        answer->LocalAddress = address;
        param_of_record(record, &answer->ParamDesc, tail);
    } else {
        SSL_IPPORT_SET *answer = output;
        answer->KeyDesc.pIpPort = (SOCKADDR *)(void *)tail;
        memcpy(tail, &address, address_octets);
        param_of_record(record, &answer->ParamDesc, tail + key_octets);
    }
    return 0;
}

static DWORD query_record(struct lab_call *call, DWORD id, const void *input, ULONG octets, void *output, ULONG room, ULONG *needed)
{
    WCHAR name[RECORD_NAME_CHARACTERS] = L"", kept[RECORD_NAME_CHARACTERS];
    SSL_RECORD record;
    DWORD kind, position, status;
    if (extended_base(id) != 0) {
        status = extended_query(id, input, octets, output, room, needed, name);
        lab_call_about(call, L"%lu %ls", id, name);
        return status;
    }
    status = read_query(id, input, octets, name, &kind, &position);
    if (status != 0) return status;
    if (!record_store_lock()) return ERROR_BADDB;
    status = kind == HttpServiceConfigQueryExact ? record_kept_name(id, name, kept) : record_name_at(id, position, kept);
    if (status == 0) status = record_read(id, kept, &record);
    record_store_unlock();
    lab_call_about(call, L"%lu %ls", id, status == 0 ? kept : name);
    return status != 0 ? status : write_answer(id, kept, &record, output, room, needed);
}

LAB_EXPORT ULONG WINAPI HttpQueryServiceConfiguration(HANDLE service, HTTP_SERVICE_CONFIG_ID id, PVOID input, ULONG input_octets, PVOID output,
                                           ULONG output_octets, PULONG length, LPOVERLAPPED overlapped)
{
    struct lab_call call;
    DWORD status = ERROR_INVALID_PARAMETER;
    ULONG needed = 0;
    BOOL reserved_are_null = service == NULL && overlapped == NULL;
    if (lab_call_begin(&call, "HttpQueryServiceConfiguration") && reserved_are_null) {
        status = query_record(&call, id, input, input_octets, output, output_octets, &needed);
        if (length != NULL) *length = needed;
    }
    return lab_call_end(&call, status);
}
