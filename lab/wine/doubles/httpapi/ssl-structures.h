#ifndef LAB_SSL_STRUCTURES_H
#define LAB_SSL_STRUCTURES_H
#include <winsock2.h>
#include <ws2tcpip.h>
#include <windows.h>
/* These are the functions themselves, not imports. */
#define HTTPAPI_LINKAGE
#include <http.h>

/*
 * The structures of http.h for SNI and central certificate stores, which mingw-w64's header lacks; fields as Microsoft
 * documents them.
 */
enum ssl_config_id { SSL_ID_IPPORT = 1, SSL_ID_SNI = 5, SSL_ID_CCS = 6, SSL_ID_SCOPED_CCS = 11 };

typedef HTTP_SERVICE_CONFIG_SSL_PARAM SSL_PARAM;
typedef HTTP_SERVICE_CONFIG_SSL_SET SSL_IPPORT_SET;
typedef HTTP_SERVICE_CONFIG_SSL_QUERY SSL_IPPORT_QUERY;

typedef struct {
    SOCKADDR_STORAGE IpPort;
    PWSTR Host;
} SSL_SNI_KEY;

typedef struct {
    SSL_SNI_KEY KeyDesc;
    SSL_PARAM ParamDesc;
} SSL_SNI_SET;

typedef struct {
    DWORD QueryDesc;
    SSL_SNI_KEY KeyDesc;
    DWORD dwToken;
} SSL_SNI_QUERY;

typedef struct {
    SOCKADDR_STORAGE LocalAddress;
    SSL_PARAM ParamDesc;
} SSL_CCS_SET;

typedef struct {
    DWORD QueryDesc;
    SOCKADDR_STORAGE LocalAddress;
    DWORD dwToken;
} SSL_CCS_QUERY;

_Static_assert(sizeof(SSL_PARAM) == 80 && sizeof(SSL_IPPORT_SET) == 88 && sizeof(SSL_IPPORT_QUERY) == 24, "x64 layout");
_Static_assert(sizeof(SSL_SNI_SET) == 216 && sizeof(SSL_SNI_QUERY) == 152, "x64 layout");
_Static_assert(sizeof(SSL_CCS_SET) == 208 && sizeof(SSL_CCS_QUERY) == 144, "x64 layout");

#define SSL_HASH_OCTETS 20
#define SSL_TEXT_CHARACTERS 256

/*
 * A record by value: no pointer leads into a caller's buffer. Lengths of texts are those of wcslen; `has_…` tells NULL
 * from empty.
 */
typedef struct {
    BYTE hash[SSL_HASH_OCTETS];
    BOOL has_hash;
    GUID app_id;
    WCHAR store[SSL_TEXT_CHARACTERS], ctl_identifier[SSL_TEXT_CHARACTERS], ctl_store[SSL_TEXT_CHARACTERS];
    BOOL has_store, has_ctl_identifier, has_ctl_store;
    DWORD check_mode, freshness_time, retrieval_timeout, flags;
} SSL_RECORD;
#endif
