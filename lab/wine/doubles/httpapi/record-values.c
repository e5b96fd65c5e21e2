#include "record-values.h"
#include "../shared/old-belief.h"
#include <wchar.h>

static DWORD write_text(HKEY key, const WCHAR *name, BOOL has, const WCHAR *text)
{
    if (!has) return 0;
    return RegSetValueExW(key, name, 0, REG_SZ, (const BYTE *)text, (DWORD)((wcslen(text) + 1) * sizeof *text));
}

static DWORD write_number(HKEY key, const WCHAR *name, DWORD number)
{
    return RegSetValueExW(key, name, 0, REG_DWORD, (const BYTE *)&number, sizeof number);
}

DWORD record_values_write(HKEY key, const SSL_RECORD *record)
{
    DWORD status = RegSetValueExW(key, L"AppId", 0, REG_BINARY, (const BYTE *)&record->app_id, sizeof record->app_id);
    if (status == 0 && record->has_hash) status = RegSetValueExW(key, L"SslCertHash", 0, REG_BINARY, record->hash, SSL_HASH_OCTETS);
    if (status == 0) status = write_text(key, L"SslCertStoreName", record->has_store, record->store);
    if (status == 0) status = write_text(key, L"DefaultSslCtlIdentifier", record->has_ctl_identifier, record->ctl_identifier);
    if (status == 0) status = write_text(key, L"DefaultSslCtlStoreName", record->has_ctl_store, record->ctl_store);
    if (status == 0) status = write_number(key, L"DefaultSslCertCheckMode", record->check_mode);
    if (status == 0) status = write_number(key, L"DefaultSslRevocationFreshnessTime", record->freshness_time);
    if (status == 0) status = write_number(key, L"DefaultSslRevocationUrlRetrievalTimeout", record->retrieval_timeout);
    if (status == 0) status = write_number(key, L"DefaultFlags", record->flags);
    return status;
}

static BOOL read_value(HKEY key, const WCHAR *name, void *value, DWORD octets)
{
    return RegQueryValueExW(key, name, NULL, NULL, value, &octets) == 0;
}

DWORD record_values_read(HKEY key, SSL_RECORD *record)
{
    memset(record, 0, sizeof *record);
    /* A record has at least an owner; where that is missing the key was written by something else. */
    if (!read_value(key, L"AppId", &record->app_id, sizeof record->app_id)) return ERROR_FILE_NOT_FOUND;
    record->has_hash = read_value(key, L"SslCertHash", record->hash, SSL_HASH_OCTETS);
    record->has_store = read_value(key, L"SslCertStoreName", record->store, sizeof record->store);
    /* MY is the store of a record without one; whether Windows then returns its name is not documented. */
    if (record->has_store && _wcsicmp(record->store, L"MY") == 0 && !lab_old_belief(L"D6")) record->has_store = FALSE;
    record->has_ctl_identifier = read_value(key, L"DefaultSslCtlIdentifier", record->ctl_identifier, sizeof record->ctl_identifier);
    record->has_ctl_store = read_value(key, L"DefaultSslCtlStoreName", record->ctl_store, sizeof record->ctl_store);
    read_value(key, L"DefaultSslCertCheckMode", &record->check_mode, sizeof record->check_mode);
    read_value(key, L"DefaultSslRevocationFreshnessTime", &record->freshness_time, sizeof record->freshness_time);
    read_value(key, L"DefaultSslRevocationUrlRetrievalTimeout", &record->retrieval_timeout, sizeof record->retrieval_timeout);
    read_value(key, L"DefaultFlags", &record->flags, sizeof record->flags);
    return 0;
}
