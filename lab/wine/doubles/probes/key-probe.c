#include "../ncrypt/status.h"
#include "probe.h"
#include <sddl.h>
#include <stdio.h>
#include <wchar.h>

static NCRYPT_PROV_HANDLE provider_handle;

static SECURITY_STATUS open_provider(const WCHAR *name)
{
    return NCryptOpenStorageProvider(&provider_handle, name, 0);
}

/* Opens provider and key; prints the status of what failed. 0 when there is no key to go on with. */
static NCRYPT_KEY_HANDLE opened(const WCHAR *provider, const WCHAR *name)
{
    NCRYPT_KEY_HANDLE key = 0;
    SECURITY_STATUS status = open_provider(provider);
    if (status == 0) {
        status = NCryptOpenKey(provider_handle, &key, name, 0, NCRYPT_MACHINE_KEY_FLAG);
        NCryptFreeObject(provider_handle);
    }
    printf("%lx", (unsigned long)status);
    return key;
}

static void providers(int count, WCHAR **words)
{
    NCryptProviderName *list = NULL;
    DWORD found = 0;
    (void)count;
    (void)words;
    printf("%lx", (unsigned long)NCryptEnumStorageProviders(&found, &list, 0));
    for (DWORD i = 0; i < found; i++) printf(" %ls;", list[i].pszName);
    NCryptFreeBuffer(list);
}

/* open-provider NAME; with `leave-open` the handle stays. */
static void provider(int count, WCHAR **words)
{
    SECURITY_STATUS status = open_provider(word_at(count, words, 1));
    printf("%lx", (unsigned long)status);
    if (status != 0 || words[0][0] == L'l') return;
    printf(" %lx", (unsigned long)NCryptFreeObject(provider_handle));
    printf(" %lx", (unsigned long)NCryptFreeObject(provider_handle));
}

static SECURITY_STATUS set_number(NCRYPT_KEY_HANDLE key, const WCHAR *property, const WCHAR *word)
{
    DWORD number = wcstoul(word, NULL, 0);
    if (*word == 0 || *word == L'-') return 0;
    return NCryptSetProperty(key, property, (BYTE *)&number, sizeof number, 0);
}

static SECURITY_STATUS set_sddl(NCRYPT_KEY_HANDLE key, const WCHAR *sddl)
{
    PSECURITY_DESCRIPTOR descriptor;
    ULONG octets;
    SECURITY_STATUS status;
    if (*sddl == 0 || *sddl == L'-') return 0;
    if (!ConvertStringSecurityDescriptorToSecurityDescriptorW(sddl, SDDL_REVISION_1, &descriptor, &octets)) return (SECURITY_STATUS)GetLastError();
    status = NCryptSetProperty(key, NCRYPT_SECURITY_DESCR_PROPERTY, descriptor, octets, DACL_SECURITY_INFORMATION);
    LocalFree(descriptor);
    return status;
}

/* create PROVIDER ALGORITHM NAME LENGTH|- POLICY|- USAGE|- SDDL|- FLAGS: the statuses of all its calls. */
static void create(int count, WCHAR **words)
{
    NCRYPT_KEY_HANDLE key = 0;
    const WCHAR *flags = word_at(count, words, 8);
    SECURITY_STATUS status = open_provider(word_at(count, words, 1));
    printf("%lx", (unsigned long)status);
    if (status != 0) return;
    status = NCryptCreatePersistedKey(provider_handle, &key, word_at(count, words, 2), word_at(count, words, 3), 0, *flags == 0 ? NCRYPT_MACHINE_KEY_FLAG : wcstoul(flags, NULL, 0));
    printf(" %lx", (unsigned long)status);
    NCryptFreeObject(provider_handle);
    if (status != 0) return;
    printf(" %lx", (unsigned long)set_number(key, NCRYPT_LENGTH_PROPERTY, word_at(count, words, 4)));
    printf(" %lx", (unsigned long)set_number(key, NCRYPT_EXPORT_POLICY_PROPERTY, word_at(count, words, 5)));
    printf(" %lx", (unsigned long)set_number(key, NCRYPT_KEY_USAGE_PROPERTY, word_at(count, words, 6)));
    printf(" %lx", (unsigned long)set_sddl(key, word_at(count, words, 7)));
    printf(" %lx", (unsigned long)NCryptFinalizeKey(key, 0));
    NCryptFreeObject(key);
}

static void print_property(NCRYPT_KEY_HANDLE key, const WCHAR *property, BOOL text)
{
    BYTE value[1024];
    DWORD length = 0, again = 0;
    SECURITY_STATUS status = NCryptGetProperty(key, property, NULL, 0, &length, 0);
    if (status == 0 && NCryptGetProperty(key, property, value, length - 1, &again, 0) != NTE_BUFFER_TOO_SMALL) status = NTE_FAIL;
    if (status == 0) status = NCryptGetProperty(key, property, value, sizeof value, &length, 0);
    if (status != 0) printf(" %ls=!%lx", property, (unsigned long)status);
    else if (text) printf(" %ls=%ls", property, (WCHAR *)(void *)value);
    else printf(" %ls=%lx", property, *(DWORD *)(void *)value);
}

/* info PROVIDER NAME */
static void info(int count, WCHAR **words)
{
    NCRYPT_KEY_HANDLE key = opened(word_at(count, words, 1), word_at(count, words, 2));
    if (key == 0) return;
    print_property(key, NCRYPT_NAME_PROPERTY, TRUE);
    print_property(key, NCRYPT_UNIQUE_NAME_PROPERTY, TRUE);
    print_property(key, NCRYPT_ALGORITHM_PROPERTY, TRUE);
    print_property(key, NCRYPT_LENGTH_PROPERTY, FALSE);
    print_property(key, NCRYPT_EXPORT_POLICY_PROPERTY, FALSE);
    print_property(key, NCRYPT_KEY_USAGE_PROPERTY, FALSE);
    print_property(key, NCRYPT_IMPL_TYPE_PROPERTY, FALSE);
    print_property(key, L"No Such Property", FALSE);
    NCryptFreeObject(key);
}

/* export PROVIDER NAME BLOB */
static void export(int count, WCHAR **words)
{
    NCRYPT_KEY_HANDLE key = opened(word_at(count, words, 1), word_at(count, words, 2));
    BYTE blob[8192];
    DWORD length = 0;
    SECURITY_STATUS status;
    if (key == 0) return;
    status = NCryptExportKey(key, 0, word_at(count, words, 3), NULL, blob, sizeof blob, &length, 0);
    printf(" %lx ", (unsigned long)status);
    if (status == 0) print_octets(blob, length);
    NCryptFreeObject(key);
}

/*
 * sign PROVIDER NAME pkcs1|pss|plain HASH-ALGORITHM HASH [SALT-OCTETS]: the status, the signature, and what checking it and a spoilt
 * one says.
 */
static void sign(int count, WCHAR **words)
{
    NCRYPT_KEY_HANDLE key = opened(word_at(count, words, 1), word_at(count, words, 2));
    const WCHAR *how = word_at(count, words, 3), *algorithm = word_at(count, words, 4);
    BYTE hash[64], signature[1024];
    DWORD octets = octets_of_word(word_at(count, words, 5), hash, sizeof hash), length = 0, again = 0;
    BCRYPT_PKCS1_PADDING_INFO pkcs1 = { algorithm };
    BCRYPT_PSS_PADDING_INFO pss = { algorithm, *word_at(count, words, 6) == 0 ? octets : wcstoul(word_at(count, words, 6), NULL, 10) };
    void *padding = wcscmp(how, L"pkcs1") == 0 ? (void *)&pkcs1 : wcscmp(how, L"pss") == 0 ? (void *)&pss : NULL;
    DWORD flags = padding == &pkcs1 ? BCRYPT_PAD_PKCS1 : padding == &pss ? BCRYPT_PAD_PSS : 0;
    SECURITY_STATUS status;
    if (key == 0) return;
    status = NCryptSignHash(key, padding, hash, octets, NULL, 0, &length, flags);
    if (status == 0) status = NCryptSignHash(key, padding, hash, octets, signature, sizeof signature, &again, flags);
    printf(" %lx ", (unsigned long)status);
    if (status == 0) {
        print_octets(signature, again);
        printf(" %s", length == again ? "size-right" : "size-wrong");
        printf(" %lx", (unsigned long)NCryptVerifySignature(key, padding, hash, octets, signature, again, flags));
        signature[again / 2] ^= 1;
        printf(" %lx", (unsigned long)NCryptVerifySignature(key, padding, hash, octets, signature, again, flags));
    }
    NCryptFreeObject(key);
}

/* list PROVIDER */
static void list(int count, WCHAR **words)
{
    NCryptKeyName *name = NULL;
    PVOID state = NULL;
    SECURITY_STATUS status = open_provider(word_at(count, words, 1));
    printf("%lx", (unsigned long)status);
    while (status == 0) {
        status = NCryptEnumKeys(provider_handle, NULL, &name, &state, NCRYPT_MACHINE_KEY_FLAG);
        if (status == 0) printf(" %ls=%ls", name->pszName, name->pszAlgid);
        if (status == 0) NCryptFreeBuffer(name);
    }
    printf(" %lx", (unsigned long)status);
    NCryptFreeBuffer(state);
    NCryptFreeObject(provider_handle);
}

/* delete PROVIDER NAME: also what a second use of the handle says. */
static void delete(int count, WCHAR **words)
{
    NCRYPT_KEY_HANDLE key = opened(word_at(count, words, 1), word_at(count, words, 2));
    SECURITY_STATUS status;
    if (key == 0) return;
    status = NCryptDeleteKey(key, 0);
    printf(" %lx %lx", (unsigned long)status, (unsigned long)NCryptFreeObject(key));
}

/* descriptor PROVIDER NAME SDDL: sets it on a finished key. */
static void descriptor(int count, WCHAR **words)
{
    NCRYPT_KEY_HANDLE key = opened(word_at(count, words, 1), word_at(count, words, 2));
    if (key == 0) return;
    printf(" %lx", (unsigned long)set_sddl(key, word_at(count, words, 3)));
    NCryptFreeObject(key);
}

/* refused PROVIDER NAME: a call that nobody carries out. */
static void refused(int count, WCHAR **words)
{
    NCRYPT_KEY_HANDLE key = opened(word_at(count, words, 1), word_at(count, words, 2));
    BYTE octets[512] = { 0 };
    DWORD length;
    if (key == 0) return;
    printf(" %lx", (unsigned long)NCryptDecrypt(key, octets, 256, NULL, octets, sizeof octets, &length, 0));
    NCryptFreeObject(key);
}

int wmain(int count, WCHAR **words)
{
    static const struct probe_entry entries[] = {
        { L"providers", providers }, { L"open-provider", provider }, { L"leave-open", provider }, { L"create", create }, { L"info", info },
        { L"export", export }, { L"sign", sign }, { L"list", list }, { L"delete", delete }, { L"descriptor", descriptor },
        { L"refused", refused }, { NULL, NULL },
    };
    return probe_main(count, words, entries);
}
