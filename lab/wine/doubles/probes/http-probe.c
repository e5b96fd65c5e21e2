#include "../httpapi/record-key.h"
#include "probe.h"
#include <stdio.h>
#include <wincrypt.h>
#include <wchar.h>

typedef ULONG (WINAPI *CHANGE)(HANDLE, DWORD, PVOID, ULONG, LPOVERLAPPED);
typedef ULONG (WINAPI *QUERY)(HANDLE, DWORD, PVOID, ULONG, PVOID, ULONG, PULONG, LPOVERLAPPED);

static FARPROC function(const char *name)
{
    WCHAR path[MAX_PATH];
    GetSystemDirectoryW(path, MAX_PATH - 16);
    return GetProcAddress(LoadLibraryW(wcscat(path, L"\\httpapi.dll")), name);
}

/* A set structure of any kind, and a query of it. */
static union {
    SSL_IPPORT_SET by_address;
    SSL_SNI_SET by_host;
    SSL_CCS_SET by_port;
} set;
static union {
    SSL_IPPORT_QUERY by_address;
    SSL_SNI_QUERY by_host;
    SSL_CCS_QUERY by_port;
} query;
static SOCKADDR_STORAGE address;
static WCHAR host[RECORD_NAME_CHARACTERS];

static ULONG fill_key(DWORD id, const WCHAR *key)
{
    ULONG octets;
    memset(&set, 0, sizeof set);
    memset(&query, 0, sizeof query);
    if (id == SSL_ID_IPPORT || id == SSL_ID_CCS) record_address_of_name(key, &address, &octets);
    else record_host_of_name(key, &address, host);
    if (id == SSL_ID_IPPORT) {
        query.by_address.KeyDesc.pIpPort = set.by_address.KeyDesc.pIpPort = (SOCKADDR *)&address;
        return sizeof set.by_address;
    }
    if (id == SSL_ID_CCS) {
        query.by_port.LocalAddress = set.by_port.LocalAddress = address;
        return sizeof set.by_port;
    }
    query.by_host.KeyDesc.IpPort = set.by_host.KeyDesc.IpPort = address;
    query.by_host.KeyDesc.Host = set.by_host.KeyDesc.Host = host;
    return sizeof set.by_host;
}

static ULONG query_octets(DWORD id)
{
    return id == SSL_ID_IPPORT ? sizeof query.by_address : id == SSL_ID_CCS ? sizeof query.by_port : sizeof query.by_host;
}

static SSL_PARAM *param_in(DWORD id, void *structure)
{
    if (id == SSL_ID_IPPORT) return &((SSL_IPPORT_SET *)structure)->ParamDesc;
    return id == SSL_ID_CCS ? &((SSL_CCS_SET *)structure)->ParamDesc : &((SSL_SNI_SET *)structure)->ParamDesc;
}

/* set|update|delete ID KEY HASH|- STORE|- FLAGS [octets to leave off] */
static void change(int count, WCHAR **words)
{
    static BYTE hash[64];
    const char *name = words[0][0] == L's' ? "HttpSetServiceConfiguration" : words[0][0] == L'u' ? "HttpUpdateServiceConfiguration" : "HttpDeleteServiceConfiguration";
    CHANGE call = (CHANGE)(void *)function(name);
    DWORD id = wcstoul(word_at(count, words, 1), NULL, 10);
    ULONG octets = fill_key(id, word_at(count, words, 2));
    SSL_PARAM *param = param_in(id, &set);
    const WCHAR *store = word_at(count, words, 4);
    if (call == NULL) {
        printf("absent");
        return;
    }
    param->SslHashLength = octets_of_word(word_at(count, words, 3), hash, sizeof hash);
    param->pSslHash = param->SslHashLength == 0 ? NULL : hash;
    param->AppId = (GUID){ 0x4dc3e181, 0xe14b, 0x4a21, { 0xb0, 0x22, 0x59, 0xfc, 0x66, 0x9b, 0x09, 0x14 } };
    param->pSslCertStoreName = *store == 0 || *store == L'-' ? NULL : (PWSTR)store;
    param->DefaultFlags = wcstoul(word_at(count, words, 5), NULL, 0);
    /* A record of the central store for a port takes default options only. */
    if (id != SSL_ID_CCS) {
        param->DefaultCertCheckMode = 1;
        param->DefaultRevocationFreshnessTime = 77;
        param->DefaultRevocationUrlRetrievalTimeout = 88;
        param->pDefaultSslCtlIdentifier = (PWSTR)L"list \x6f22";
        param->pDefaultSslCtlStoreName = (PWSTR)L"list store";
    }
    octets -= wcstoul(word_at(count, words, 6), NULL, 10);
    printf("%lx", call(NULL, id, &set, octets, NULL));
}

/* hammer ID KEY HASH TIMES: replaces the record by one of two, in each of which all numbers are alike. */
static void hammer(int count, WCHAR **words)
{
    static BYTE hash[64];
    CHANGE call = (CHANGE)(void *)function("HttpUpdateServiceConfiguration");
    DWORD id = wcstoul(word_at(count, words, 1), NULL, 10), status = 0;
    ULONG octets = fill_key(id, word_at(count, words, 2));
    SSL_PARAM *param = param_in(id, &set);
    param->SslHashLength = octets_of_word(word_at(count, words, 3), hash, sizeof hash);
    param->pSslHash = hash;
    param->pDefaultSslCtlIdentifier = (PWSTR)L"list \x6f22";
    param->pDefaultSslCtlStoreName = (PWSTR)L"list store";
    for (DWORD left = wcstoul(word_at(count, words, 4), NULL, 10); left > 0 && status == 0; left--) {
        DWORD number = left % 2 ? 111 : 222;
        param->DefaultCertCheckMode = param->DefaultFlags = number;
        param->DefaultRevocationFreshnessTime = param->DefaultRevocationUrlRetrievalTimeout = number;
        param->pSslCertStoreName = left % 2 ? (PWSTR)L"MY" : NULL;
        status = call(NULL, id, &set, octets, NULL);
    }
    printf("%lx", status);
}

static BOOL is_text(const WCHAR *text, const WCHAR *expected)
{
    return text != NULL && wcscmp(text, expected) == 0;
}

static BOOL within(const void *pointer, const BYTE *buffer, ULONG octets)
{
    return pointer == NULL || ((const BYTE *)pointer >= buffer && (const BYTE *)pointer < buffer + octets);
}

/* Asks for the size first, as callers must; pointers must lead into the buffer itself. */
static void read_record(DWORD id)
{
    QUERY call = (QUERY)(void *)function("HttpQueryServiceConfiguration");
    static BYTE buffer[8192];
    WCHAR name[RECORD_NAME_CHARACTERS] = L"";
    ULONG needed = 0, second = 0, status;
    const SSL_PARAM *param;
    status = call(NULL, id, &query, query_octets(id), NULL, 0, &needed, NULL);
    printf("%lx", status);
    if (status != ERROR_INSUFFICIENT_BUFFER) return;
    memset(buffer, 0xcc, sizeof buffer);
    status = call(NULL, id, &query, query_octets(id), buffer, needed - 1, &second, NULL);
    printf(" %lx", status);
    status = call(NULL, id, &query, query_octets(id), buffer, needed, &second, NULL);
    printf(" %lx %s", status, second == needed && buffer[needed] == 0xcc ? "fits" : "overruns");
    if (status != 0) return;
    param = param_in(id, buffer);
    if (id == SSL_ID_IPPORT) record_name_of_address(((SSL_IPPORT_SET *)(void *)buffer)->KeyDesc.pIpPort, name);
    else if (id == SSL_ID_CCS) record_name_of_port(&((SSL_CCS_SET *)(void *)buffer)->LocalAddress, name);
    else record_name_of_host(&((SSL_SNI_SET *)(void *)buffer)->KeyDesc, name);
    if (!within(param->pSslHash, buffer, needed) || !within(param->pSslCertStoreName, buffer, needed) ||
        !within(param->pDefaultSslCtlIdentifier, buffer, needed) || !within(param->pDefaultSslCtlStoreName, buffer, needed)) {
        printf(" pointers lead elsewhere");
        return;
    }
    printf(" key=%ls hash=", name);
    print_octets(param->pSslHash, param->SslHashLength);
    printf(" app=%08lx store=%ls check=%lu fresh=%lu timeout=%lu", param->AppId.Data1, param->pSslCertStoreName == NULL ? L"(none)" : param->pSslCertStoreName,
           (unsigned long)param->DefaultCertCheckMode, (unsigned long)param->DefaultRevocationFreshnessTime, (unsigned long)param->DefaultRevocationUrlRetrievalTimeout);
    printf(" ctl=%d%d flags=%lu", is_text(param->pDefaultSslCtlIdentifier, L"list \x6f22"), is_text(param->pDefaultSslCtlStoreName, L"list store"), (unsigned long)param->DefaultFlags);
}

/* query ID KEY */
static void query_key(int count, WCHAR **words)
{
    DWORD id = wcstoul(word_at(count, words, 1), NULL, 10);
    fill_key(id, word_at(count, words, 2));
    query.by_address.QueryDesc = HttpServiceConfigQueryExact;
    read_record(id);
}

/* next ID POSITION */
static void query_next(int count, WCHAR **words)
{
    DWORD id = wcstoul(word_at(count, words, 1), NULL, 10), position = wcstoul(word_at(count, words, 2), NULL, 10);
    memset(&query, 0, sizeof query);
    query.by_address.QueryDesc = HttpServiceConfigQueryNext;
    if (id == SSL_ID_IPPORT) query.by_address.dwToken = position;
    else if (id == SSL_ID_CCS) query.by_port.dwToken = position;
    else query.by_host.dwToken = position;
    read_record(id);
}

/* add-certificate STORE DER CONTAINER|- */
static void add_certificate(int count, WCHAR **words)
{
    static BYTE der[8192];
    DWORD octets = octets_of_word(word_at(count, words, 2), der, sizeof der);
    CRYPT_KEY_PROV_INFO key = { .pwszContainerName = (PWSTR)word_at(count, words, 3), .pwszProvName = (PWSTR)L"Microsoft Software Key Storage Provider", .dwFlags = 0x20 };
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, word_at(count, words, 1));
    PCCERT_CONTEXT certificate = CertCreateCertificateContext(X509_ASN_ENCODING, der, octets);
    BOOL done = store != NULL && certificate != NULL;
    if (done && key.pwszContainerName[0] != L'-') done = CertSetCertificateContextProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, 0, &key);
    if (done) done = CertAddCertificateContextToStore(store, certificate, CERT_STORE_ADD_REPLACE_EXISTING, NULL);
    printf("%lx", done ? 0 : GetLastError());
    if (certificate != NULL) CertFreeCertificateContext(certificate);
    if (store != NULL) CertCloseStore(store, 0);
}

/* set-extended ID KEY TYPE FLAGS: one of the parameters beside a record; the ID is that of the parameters. */
static void set_extended(int count, WCHAR **words)
{
    CHANGE call = (CHANGE)(void *)function("HttpSetServiceConfiguration");
    DWORD id = wcstoul(word_at(count, words, 1), NULL, 10);
    BOOL by_host = id == SSL_ID_SNI_EX || id == SSL_ID_SCOPED_CCS_EX;
    SSL_PARAM_EX param = { wcstoul(word_at(count, words, 3), NULL, 10), wcstoul(word_at(count, words, 4), NULL, 10), { 0, 0 } };
    SSL_ADDRESS_SET_EX by_address = { .ParamDesc = param };
    SSL_SNI_SET_EX by_name = { .ParamDesc = param };
    fill_key(by_host ? SSL_ID_SNI : SSL_ID_IPPORT, word_at(count, words, 2));
    by_address.Address = by_name.KeyDesc.IpPort = address;
    by_name.KeyDesc.Host = host;
    printf("%lx", by_host ? call(NULL, id, &by_name, sizeof by_name, NULL) : call(NULL, id, &by_address, sizeof by_address, NULL));
}

/* query-extended ID KEY TYPE */
static void query_extended(int count, WCHAR **words)
{
    QUERY call = (QUERY)(void *)function("HttpQueryServiceConfiguration");
    DWORD id = wcstoul(word_at(count, words, 1), NULL, 10), type = wcstoul(word_at(count, words, 3), NULL, 10), status;
    BOOL by_host = id == SSL_ID_SNI_EX || id == SSL_ID_SCOPED_CCS_EX;
    SSL_ADDRESS_QUERY_EX by_address = { .ParamType = type };
    SSL_SNI_QUERY_EX by_name = { .ParamType = type };
    SSL_ADDRESS_SET_EX answer;
    SSL_SNI_SET_EX named;
    ULONG needed = 0;
    fill_key(by_host ? SSL_ID_SNI : SSL_ID_IPPORT, word_at(count, words, 2));
    by_address.Address = by_name.KeyDesc.IpPort = address;
    by_name.KeyDesc.Host = host;
    status = by_host ? call(NULL, id, &by_name, sizeof by_name, &named, sizeof named, &needed, NULL)
                     : call(NULL, id, &by_address, sizeof by_address, &answer, sizeof answer, &needed, NULL);
    printf("%lx", status);
    if (status == 0) printf(" flags=%lu", (unsigned long)(by_host ? named.ParamDesc.Flags : answer.ParamDesc.Flags));
}

/* commit STORE: tells a store to write all that was changed. */
static void commit(int count, WCHAR **words)
{
    HCERTSTORE store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, CERT_SYSTEM_STORE_LOCAL_MACHINE, word_at(count, words, 1));
    BOOL done = store != NULL && CertControlStore(store, CERT_STORE_CTRL_COMMIT_FORCE_FLAG, CERT_STORE_CTRL_COMMIT, NULL);
    printf("%lx", done ? 0 : GetLastError());
    if (store != NULL) CertCloseStore(store, 0);
}

/* serve: the calls that are passed on to Wine, with a URL group taken and given back. */
static void serve(int count, WCHAR **words)
{
    ULONG (WINAPI *initialize)(HTTPAPI_VERSION, ULONG, PVOID) = (void *)function("HttpInitialize");
    ULONG (WINAPI *session)(HTTPAPI_VERSION, PULONGLONG, ULONG) = (void *)function("HttpCreateServerSession");
    ULONG (WINAPI *group)(ULONGLONG, PULONGLONG, ULONG) = (void *)function("HttpCreateUrlGroup");
    ULONG (WINAPI *close_session)(ULONGLONG) = (void *)function("HttpCloseServerSession");
    HTTPAPI_VERSION version = { 2, 0 };
    ULONGLONG session_id = 0, group_id = 0;
    (void)count;
    (void)words;
    printf("%lx", initialize(version, HTTP_INITIALIZE_SERVER, NULL));
    printf(" %lx", session(version, &session_id, 0));
    printf(" %lx", group(session_id, &group_id, 0));
    printf(" %lx %d", close_session(session_id), session_id != 0 && group_id != 0);
}

int wmain(int count, WCHAR **words)
{
    static const struct probe_entry entries[] = {
        { L"set", change }, { L"update", change }, { L"delete", change }, { L"query", query_key }, { L"next", query_next },
        { L"add-certificate", add_certificate }, { L"hammer", hammer }, { L"commit", commit }, { L"set-extended", set_extended }, { L"query-extended", query_extended }, { L"serve", serve }, { NULL, NULL },
    };
    return probe_main(count, words, entries);
}
