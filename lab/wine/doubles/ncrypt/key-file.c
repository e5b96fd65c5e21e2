#include "key-file.h"
#include "../shared/environment.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#define PATH_CHARACTERS 1024
#define MAX_FILE_OCTETS 65536

static void append_escaped(WCHAR *path, const WCHAR *text)
{
    char octets[4 * KEY_NAME_CHARACTERS];
    WCHAR *end = path + wcslen(path);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, octets, sizeof octets, NULL, NULL);
    for (const char *c = octets; *c != 0 && end < path + PATH_CHARACTERS - 64; c++) {
        BOOL plain = (*c >= '0' && *c <= '9') || (*c >= 'A' && *c <= 'Z') || (*c >= 'a' && *c <= 'z') || *c == '-' || *c == '_';
        end += swprintf(end, 4, plain ? L"%hc" : L"%%%02x", (unsigned char)*c);
    }
    *end = 0;
}

static BOOL provider_folder(const struct provider *provider, WCHAR *path)
{
    if (!lab_environment_path(L"EVERBIND_LAB_KEYS", path, MAX_PATH)) return FALSE;
    CreateDirectoryW(path, NULL);
    wcscat(path, L"/");
    append_escaped(path, provider->name);
    return TRUE;
}

/* The folder of a provider's keys; made when it is not there. */
static BOOL folder_of(const struct provider *provider, BOOL machine, WCHAR *path)
{
    if (!provider_folder(provider, path)) return FALSE;
    CreateDirectoryW(path, NULL);
    wcscat(path, machine ? L"/machine" : L"/user");
    CreateDirectoryW(path, NULL);
    return TRUE;
}

/* Names are the same without regard to case. */
static BOOL path_of(const struct object *key, WCHAR *path)
{
    WCHAR name[KEY_NAME_CHARACTERS];
    if (!folder_of(key->provider, key->machine, path)) return FALSE;
    wcscat(path, L"/");
    CharLowerW(wcscpy(name, key->name));
    append_escaped(path, name);
    wcscat(path, L".key");
    return TRUE;
}

SECURITY_STATUS key_file_find(const struct object *key)
{
    WCHAR path[PATH_CHARACTERS];
    if (!path_of(key, path)) return NTE_DEVICE_NOT_READY;
    return GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES ? NTE_BAD_KEYSET : 0;
}

static void print_octets(char **at, const char *word, const BYTE *octets, DWORD count)
{
    *at += sprintf(*at, "%s ", word);
    for (DWORD i = 0; i < count; i++) *at += sprintf(*at, "%02x", octets[i]);
    *at += sprintf(*at, "\n");
}

static int print_key(const struct object *key, char *text)
{
    char *at = text, name[4 * KEY_NAME_CHARACTERS];
    WideCharToMultiByte(CP_UTF8, 0, key->name, -1, name, sizeof name, NULL, NULL);
    at += sprintf(at, "name %s\n", name);
    at += sprintf(at, "algorithm %ls\nlength %lu\n", algorithm_name(key->algorithm), key->length);
    at += sprintf(at, "export-policy %lu\nkey-usage %lu\n", key->policy, key->usage);
    print_octets(&at, "security-descriptor", key->security, key->security_octets);
    print_octets(&at, "blob", key->blob, key->blob_octets);
    return (int)(at - text);
}

SECURITY_STATUS key_file_write(const struct object *key, BOOL replaces)
{
    static LONG serial;
    WCHAR path[PATH_CHARACTERS], temporary[PATH_CHARACTERS + 32];
    char *text;
    HANDLE file;
    DWORD written = 0, length;
    BOOL done;
    if (!path_of(key, path)) return NTE_DEVICE_NOT_READY;
    text = malloc(MAX_FILE_OCTETS);
    if (text == NULL) return NTE_NO_MEMORY;
    length = (DWORD)print_key(key, text);
    swprintf(temporary, PATH_CHARACTERS + 32, L"%ls.%lx-%lx", path, GetCurrentProcessId(), InterlockedIncrement(&serial));
    file = CreateFileW(temporary, GENERIC_WRITE, 0, NULL, CREATE_NEW, 0, NULL);
    done = file != INVALID_HANDLE_VALUE && WriteFile(file, text, length, &written, NULL) && written == length && FlushFileBuffers(file);
    SecureZeroMemory(text, length);
    free(text);
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    if (done && MoveFileExW(temporary, path, replaces ? MOVEFILE_REPLACE_EXISTING : 0)) return 0;
    DeleteFileW(temporary);
    return key_file_find(key) == 0 && !replaces ? NTE_EXISTS : NTE_FAIL;
}

static char *read_text(const WCHAR *path)
{
    HANDLE file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_DELETE, NULL, OPEN_EXISTING, 0, NULL);
    char *text = malloc(MAX_FILE_OCTETS + 1);
    DWORD length = 0;
    if (file == INVALID_HANDLE_VALUE || text == NULL || !ReadFile(file, text, MAX_FILE_OCTETS, &length, NULL)) {
        free(text);
        text = NULL;
    }
    if (file != INVALID_HANDLE_VALUE) CloseHandle(file);
    if (text != NULL) text[length] = 0;
    return text;
}

/* Text of UTF-8 octets, cut at what has no room. */
static void widen(const char *octets, size_t length, WCHAR *text, int characters)
{
    text[MultiByteToWideChar(CP_UTF8, 0, octets, (int)length, text, characters - 1)] = 0;
}

/* The value behind a word at the start of a line, up to the line's end; NULL when there is none. */
static const char *value_of(const char *text, const char *word, size_t *length)
{
    size_t word_length = strlen(word);
    for (const char *line = text; line != NULL && *line != 0; line = strchr(line, '\n'), line = line == NULL ? NULL : line + 1) {
        if (strncmp(line, word, word_length) != 0 || line[word_length] != ' ') continue;
        *length = strcspn(line + word_length + 1, "\n");
        return line + word_length + 1;
    }
    return NULL;
}

DWORD text_number(const char *text, const char *word)
{
    size_t length;
    const char *value = value_of(text, word, &length);
    return value == NULL ? 0 : strtoul(value, NULL, 0);
}

char *device_file_read(const struct provider *provider)
{
    WCHAR path[PATH_CHARACTERS];
    if (!provider_folder(provider, path)) return NULL;
    wcscat(path, L"/device");
    return read_text(path);
}

static BYTE *octets_of(const char *text, const char *word, DWORD *count)
{
    size_t length = 0;
    const char *value = value_of(text, word, &length);
    BYTE *octets = length == 0 ? NULL : malloc(length / 2);
    *count = octets == NULL ? 0 : (DWORD)(length / 2);
    for (DWORD i = 0; i < *count; i++) {
        unsigned octet = 0;
        sscanf(value + 2 * i, "%2x", &octet);
        octets[i] = (BYTE)octet;
    }
    return octets;
}

static BOOL algorithm_in(const struct provider *provider, const char *text, enum algorithm *algorithm)
{
    WCHAR wide[64];
    size_t length;
    const char *value = value_of(text, "algorithm", &length);
    if (value == NULL || length > 63) return FALSE;
    widen(value, length, wide, 64);
    return algorithm_of(provider, wide, algorithm);
}

SECURITY_STATUS key_file_read(struct object *key)
{
    WCHAR path[PATH_CHARACTERS];
    const char *name;
    size_t length;
    char *text;
    BOOL known;
    if (!path_of(key, path)) return NTE_DEVICE_NOT_READY;
    text = read_text(path);
    if (text == NULL) return NTE_BAD_KEYSET;
    /* In the spelling that it was made with. */
    name = value_of(text, "name", &length);
    known = name != NULL && algorithm_in(key->provider, text, &key->algorithm);
    if (known) widen(name, length, key->name, KEY_NAME_CHARACTERS);
    key->length = text_number(text, "length");
    key->policy = text_number(text, "export-policy");
    key->usage = text_number(text, "key-usage");
    key->security = octets_of(text, "security-descriptor", &key->security_octets);
    key->blob = octets_of(text, "blob", &key->blob_octets);
    key->finalized = TRUE;
    SecureZeroMemory(text, strlen(text));
    free(text);
    return known && key->blob != NULL ? 0 : NTE_BAD_KEYSET;
}

SECURITY_STATUS key_file_delete(const struct object *key)
{
    WCHAR path[PATH_CHARACTERS];
    if (!path_of(key, path)) return NTE_DEVICE_NOT_READY;
    if (DeleteFileW(path)) return 0;
    return GetLastError() == ERROR_FILE_NOT_FOUND ? NTE_BAD_KEYSET : NTE_FAIL;
}

static void add_to_listing(struct key_listing **listing, const struct provider *provider, const WCHAR *path)
{
    DWORD count = (*listing)->count;
    struct key_listing *longer;
    size_t length;
    char *text = read_text(path);
    const char *name = text == NULL ? NULL : value_of(text, "name", &length);
    longer = name == NULL ? NULL : realloc(*listing, sizeof *longer + (count + 1) * sizeof longer->keys[0]);
    if (longer != NULL) {
        *listing = longer;
        widen(name, length, longer->keys[count].name, KEY_NAME_CHARACTERS);
        if (algorithm_in(provider, text, &longer->keys[count].algorithm)) longer->count++;
    }
    free(text);
}

SECURITY_STATUS key_file_list(const struct provider *provider, BOOL machine, struct key_listing **listing)
{
    WCHAR folder[PATH_CHARACTERS], path[PATH_CHARACTERS + MAX_PATH];
    WIN32_FIND_DATAW found;
    HANDLE search;
    if (!folder_of(provider, machine, folder)) return NTE_DEVICE_NOT_READY;
    *listing = calloc(1, sizeof **listing);
    if (*listing == NULL) return NTE_NO_MEMORY;
    swprintf(path, PATH_CHARACTERS + MAX_PATH, L"%ls/*.key", folder);
    search = FindFirstFileW(path, &found);
    if (search == INVALID_HANDLE_VALUE) return 0;
    do {
        swprintf(path, PATH_CHARACTERS + MAX_PATH, L"%ls/%ls", folder, found.cFileName);
        add_to_listing(listing, provider, path);
    } while (FindNextFileW(search, &found));
    FindClose(search);
    return 0;
}
