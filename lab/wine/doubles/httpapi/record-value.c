#include "record-value.h"
#include "../shared/old-belief.h"
#include <wchar.h>

static ULONG whole_pointers(size_t octets)
{
    return (ULONG)((octets + 7) & ~(size_t)7);
}

ULONG text_octets(const WCHAR *text)
{
    return whole_pointers((wcslen(text) + 1) * sizeof *text);
}

static BOOL copy_text(const WCHAR *from, WCHAR *to, BOOL *has)
{
    *has = from != NULL;
    if (from == NULL) return TRUE;
    if (wcsnlen(from, SSL_TEXT_CHARACTERS) == SSL_TEXT_CHARACTERS) return FALSE;
    wcscpy(to, from);
    return TRUE;
}

static BOOL has_options(const SSL_RECORD *record)
{
    return record->check_mode != 0 || record->freshness_time != 0 || record->retrieval_timeout != 0 || record->flags != 0 ||
           record->has_ctl_identifier || record->has_ctl_store;
}

DWORD record_of_param(enum ssl_config_id id, const SSL_PARAM *param, SSL_RECORD *record)
{
    BOOL needs_hash = id == SSL_ID_IPPORT || id == SSL_ID_SNI;
    memset(record, 0, sizeof *record);
    record->has_hash = param->pSslHash != NULL;
    if (needs_hash != record->has_hash) return ERROR_INVALID_PARAMETER;
    if (param->SslHashLength != (needs_hash ? SSL_HASH_OCTETS : 0)) return ERROR_INVALID_PARAMETER;
    if (needs_hash) memcpy(record->hash, param->pSslHash, SSL_HASH_OCTETS);
    if (!copy_text(param->pSslCertStoreName, record->store, &record->has_store)) return ERROR_INVALID_PARAMETER;
    if (!needs_hash && record->has_store) return ERROR_INVALID_PARAMETER;
    if (!copy_text(param->pDefaultSslCtlIdentifier, record->ctl_identifier, &record->has_ctl_identifier)) return ERROR_INVALID_PARAMETER;
    if (!copy_text(param->pDefaultSslCtlStoreName, record->ctl_store, &record->has_ctl_store)) return ERROR_INVALID_PARAMETER;
    record->app_id = param->AppId;
    record->check_mode = param->DefaultCertCheckMode;
    record->freshness_time = param->DefaultRevocationFreshnessTime;
    record->retrieval_timeout = param->DefaultRevocationUrlRetrievalTimeout;
    record->flags = param->DefaultFlags;
    if (id == SSL_ID_CCS && has_options(record) && !lab_old_belief(L"D5")) return ERROR_INVALID_PARAMETER;
    return 0;
}

ULONG record_tail_octets(const SSL_RECORD *record)
{
    ULONG octets = record->has_hash ? whole_pointers(SSL_HASH_OCTETS) : 0;
    if (record->has_store) octets += text_octets(record->store);
    if (record->has_ctl_identifier) octets += text_octets(record->ctl_identifier);
    if (record->has_ctl_store) octets += text_octets(record->ctl_store);
    return octets;
}

static PWSTR put_text(BOOL has, const WCHAR *text, BYTE **tail)
{
    PWSTR copy = (PWSTR)(void *)*tail;
    if (!has) return NULL;
    wcscpy(copy, text);
    *tail += text_octets(text);
    return copy;
}

void param_of_record(const SSL_RECORD *record, SSL_PARAM *param, BYTE *tail)
{
    memset(param, 0, sizeof *param);
    if (record->has_hash) {
        memcpy(tail, record->hash, SSL_HASH_OCTETS);
        param->SslHashLength = SSL_HASH_OCTETS;
        param->pSslHash = tail;
        tail += whole_pointers(SSL_HASH_OCTETS);
    }
    param->AppId = record->app_id;
    param->pSslCertStoreName = put_text(record->has_store, record->store, &tail);
    param->DefaultCertCheckMode = record->check_mode;
    param->DefaultRevocationFreshnessTime = record->freshness_time;
    param->DefaultRevocationUrlRetrievalTimeout = record->retrieval_timeout;
    param->pDefaultSslCtlIdentifier = put_text(record->has_ctl_identifier, record->ctl_identifier, &tail);
    param->pDefaultSslCtlStoreName = put_text(record->has_ctl_store, record->ctl_store, &tail);
    param->DefaultFlags = record->flags;
}
