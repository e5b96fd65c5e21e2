#include "record-store.h"
#include "record-key.h"
#include "record-values.h"
#include <wchar.h>

#define PARAMETERS L"SYSTEM\\CurrentControlSet\\Services\\HTTP\\Parameters"
/*
 * A record on its way to its place: the values below `Record`, and, when they are complete, where they belong in `Id`
 * and `Name`.
 */
#define PENDING PARAMETERS L"\\EverbindLabPending"

static HANDLE mutex;

static const WCHAR *folder_of(enum ssl_config_id id)
{
    switch (id) {
    case SSL_ID_IPPORT: return PARAMETERS L"\\SslBindingInfo";
    case SSL_ID_SNI: return PARAMETERS L"\\SslSniBindingInfo";
    case SSL_ID_CCS: return PARAMETERS L"\\SslCcsBindingInfo";
    case SSL_ID_SCOPED_CCS: return PARAMETERS L"\\SslScopedCcsBindingInfo";
    }
    return NULL;
}

static HKEY open_folder(enum ssl_config_id id)
{
    HKEY folder = NULL;
    RegCreateKeyExW(HKEY_LOCAL_MACHINE, folder_of(id), 0, NULL, 0, KEY_ALL_ACCESS, NULL, &folder, NULL);
    return folder;
}

static HKEY open_record(enum ssl_config_id id, const WCHAR *name)
{
    HKEY folder = open_folder(id), record = NULL;
    if (folder == NULL) return NULL;
    if (RegOpenKeyExW(folder, name, 0, KEY_ALL_ACCESS, &record)) record = NULL;
    RegCloseKey(folder);
    return record;
}

static void remove_values(HKEY key)
{
    WCHAR value[64];
    for (;;) {
        DWORD length = 64;
        if (RegEnumValueW(key, 0, value, &length, NULL, NULL, NULL, NULL)) return;
        if (RegDeleteValueW(key, value)) return;
    }
}

/* Puts a complete pending record to its place; repeated from the start after a kill, it comes to the same end. */
static DWORD complete_pending(void)
{
    WCHAR name[RECORD_NAME_CHARACTERS];
    DWORD id = 0, octets = sizeof id, status = 0;
    HKEY pending, folder = NULL, record = NULL;
    if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, PENDING, 0, KEY_ALL_ACCESS, &pending)) return 0;
    if (RegQueryValueExW(pending, L"Id", NULL, NULL, (BYTE *)&id, &octets) == 0) {
        octets = sizeof name;
        status = RegQueryValueExW(pending, L"Name", NULL, NULL, (BYTE *)name, &octets);
        if (status == 0 && folder_of(id) == NULL) status = ERROR_BADDB;
        if (status == 0 && (folder = open_folder(id)) == NULL) status = ERROR_BADDB;
        if (status == 0) status = RegCreateKeyExW(folder, name, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &record, NULL);
        if (status == 0) {
            remove_values(record);
            status = RegCopyTreeW(pending, L"Record", record);
        }
        /* First of all: a tree that is deleted half must not count as complete. */
        if (status == 0) status = RegDeleteValueW(pending, L"Id");
    }
    if (record != NULL) RegCloseKey(record);
    if (folder != NULL) RegCloseKey(folder);
    RegCloseKey(pending);
    return status != 0 ? status : (DWORD)RegDeleteTreeW(HKEY_LOCAL_MACHINE, PENDING);
}

BOOL record_store_lock(void)
{
    if (mutex == NULL) {
        HANDLE made = CreateMutexW(NULL, FALSE, L"Global\\EverbindLabHttpConfiguration");
        if (InterlockedCompareExchangePointer(&mutex, made, NULL) != NULL) CloseHandle(made);
    }
    /* An abandoned mutex is as good: complete_pending deals with what was left. */
    if (WaitForSingleObject(mutex, INFINITE) == WAIT_FAILED) return FALSE;
    if (complete_pending() == 0) return TRUE;
    ReleaseMutex(mutex);
    return FALSE;
}

void record_store_unlock(void)
{
    ReleaseMutex(mutex);
}

BOOL record_exists(enum ssl_config_id id, const WCHAR *name)
{
    HKEY record = open_record(id, name);
    if (record == NULL) return FALSE;
    RegCloseKey(record);
    return TRUE;
}

DWORD record_write(enum ssl_config_id id, const WCHAR *name, const SSL_RECORD *record)
{
    HKEY pending, values;
    DWORD number = id;
    DWORD status = RegCreateKeyExW(HKEY_LOCAL_MACHINE, PENDING, 0, NULL, 0, KEY_ALL_ACCESS, NULL, &pending, NULL);
    if (status != 0) return status;
    status = RegCreateKeyExW(pending, L"Record", 0, NULL, 0, KEY_ALL_ACCESS, NULL, &values, NULL);
    if (status == 0) {
        status = record_values_write(values, record);
        RegCloseKey(values);
    }
    if (status == 0) status = RegSetValueExW(pending, L"Name", 0, REG_SZ, (const BYTE *)name, (DWORD)((wcslen(name) + 1) * sizeof *name));
    /* From here on the record is as good as written. */
    if (status == 0) status = RegSetValueExW(pending, L"Id", 0, REG_DWORD, (const BYTE *)&number, sizeof number);
    RegCloseKey(pending);
    return status != 0 ? status : complete_pending();
}

DWORD record_read(enum ssl_config_id id, const WCHAR *name, SSL_RECORD *record)
{
    HKEY key = open_record(id, name);
    DWORD status;
    if (key == NULL) return ERROR_FILE_NOT_FOUND;
    status = record_values_read(key, record);
    RegCloseKey(key);
    return status;
}

DWORD record_delete(enum ssl_config_id id, const WCHAR *name)
{
    HKEY folder = open_folder(id);
    DWORD status;
    if (folder == NULL) return ERROR_FILE_NOT_FOUND;
    status = RegDeleteKeyW(folder, name);
    RegCloseKey(folder);
    return status;
}

DWORD record_name_at(enum ssl_config_id id, DWORD position, WCHAR *name)
{
    HKEY folder = open_folder(id);
    DWORD length = RECORD_NAME_CHARACTERS, status;
    if (folder == NULL) return ERROR_NO_MORE_ITEMS;
    status = RegEnumKeyExW(folder, position, name, &length, NULL, NULL, NULL, NULL);
    RegCloseKey(folder);
    return status;
}

DWORD record_kept_name(enum ssl_config_id id, const WCHAR *name, WCHAR *kept)
{
    for (DWORD position = 0;; position++) {
        if (record_name_at(id, position, kept) != 0) return ERROR_FILE_NOT_FOUND;
        if (_wcsicmp(kept, name) == 0) return 0;
    }
}
