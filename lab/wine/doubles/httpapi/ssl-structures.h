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
/* Of what lies beside the records. */
enum ssl_extended_id { SSL_ID_IPPORT_EX = 8, SSL_ID_SNI_EX = 9, SSL_ID_CCS_EX = 10, SSL_ID_SCOPED_CCS_EX = 12 };

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

/* The longest of the union's members is a number and a pointer. */
typedef struct {
    DWORD ParamType;
    ULONGLONG Flags;
    ULONGLONG Members[2];
} SSL_PARAM_EX;

/* HTTP_SERVICE_CONFIG_SSL_SET_EX and …_SSL_CCS_SET_EX: their keys have the same form. */
typedef struct {
    SOCKADDR_STORAGE Address;
    SSL_PARAM_EX ParamDesc;
} SSL_ADDRESS_SET_EX;

typedef struct {
    DWORD QueryDesc;
    SOCKADDR_STORAGE Address;
    DWORD dwToken, ParamType;
} SSL_ADDRESS_QUERY_EX;

typedef struct {
    SSL_SNI_KEY KeyDesc;
    SSL_PARAM_EX ParamDesc;
} SSL_SNI_SET_EX;

typedef struct {
    DWORD QueryDesc;
    SSL_SNI_KEY KeyDesc;
    DWORD dwToken, ParamType;
} SSL_SNI_QUERY_EX;

_Static_assert(sizeof(SSL_ADDRESS_SET_EX) == 160 && sizeof(SSL_ADDRESS_QUERY_EX) == 144, "x64 layout");
_Static_assert(sizeof(SSL_SNI_SET_EX) == 168 && sizeof(SSL_SNI_QUERY_EX) == 152, "x64 layout");
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
