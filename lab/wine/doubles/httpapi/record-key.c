#include "record-key.h"
#include <wchar.h>

/* From ip2string.h, which mingw-w64 lacks. Ports are in network order. */
LONG NTAPI RtlIpv4AddressToStringExW(const IN_ADDR *address, USHORT port, PWSTR text, PULONG characters);
LONG NTAPI RtlIpv6AddressToStringExW(const IN6_ADDR *address, ULONG scope, USHORT port, PWSTR text, PULONG characters);
LONG NTAPI RtlIpv4StringToAddressExW(PCWSTR text, BOOLEAN strict, IN_ADDR *address, PUSHORT port);
LONG NTAPI RtlIpv6StringToAddressExW(PCWSTR text, IN6_ADDR *address, PULONG scope, PUSHORT port);

DWORD record_name_of_address(const SOCKADDR *address, WCHAR *name)
{
    ULONG room = RECORD_NAME_CHARACTERS;
    if (address == NULL) return ERROR_INVALID_PARAMETER;
    if (address->sa_family == AF_INET) {
        const SOCKADDR_IN *v4 = (const SOCKADDR_IN *)address;
        if (v4->sin_port == 0) return ERROR_INVALID_PARAMETER;
        return RtlIpv4AddressToStringExW(&v4->sin_addr, v4->sin_port, name, &room) ? ERROR_INVALID_PARAMETER : 0;
    }
    if (address->sa_family == AF_INET6) {
        const SOCKADDR_IN6 *v6 = (const SOCKADDR_IN6 *)address;
        if (v6->sin6_port == 0) return ERROR_INVALID_PARAMETER;
        return RtlIpv6AddressToStringExW(&v6->sin6_addr, v6->sin6_scope_id, v6->sin6_port, name, &room) ? ERROR_INVALID_PARAMETER : 0;
    }
    return ERROR_INVALID_PARAMETER;
}

/* Records by host and by port are documented to take the IPv4 wildcard only. */
static BOOL is_wildcard_with_port(const SOCKADDR_STORAGE *address)
{
    const SOCKADDR_IN *v4 = (const SOCKADDR_IN *)address;
    return v4->sin_family == AF_INET && v4->sin_addr.s_addr == INADDR_ANY && v4->sin_port != 0;
}

/* A wildcard stands for the left-most label only. */
static BOOL is_host(const WCHAR *host)
{
    size_t length;
    if (host == NULL) return FALSE;
    length = wcsnlen(host, SSL_TEXT_CHARACTERS);
    if (length == 0 || length == SSL_TEXT_CHARACTERS) return FALSE;
    if (host[0] == L'*' && host[1] == L'.') host += 2;
    if (*host == 0) return FALSE;
    for (; *host != 0; host++) {
        if (*host <= L' ' || wcschr(L"*:/\\", *host) != NULL) return FALSE;
    }
    return TRUE;
}

DWORD record_name_of_host(const SSL_SNI_KEY *key, WCHAR *name)
{
    if (!is_wildcard_with_port(&key->IpPort) || !is_host(key->Host)) return ERROR_INVALID_PARAMETER;
    _snwprintf(name, RECORD_NAME_CHARACTERS, L"%ls:%u", key->Host, ntohs(((const SOCKADDR_IN *)&key->IpPort)->sin_port));
    return 0;
}

DWORD record_name_of_port(const SOCKADDR_STORAGE *address, WCHAR *name)
{
    if (!is_wildcard_with_port(address)) return ERROR_INVALID_PARAMETER;
    return record_name_of_address((const SOCKADDR *)address, name);
}

BOOL record_address_of_name(const WCHAR *name, SOCKADDR_STORAGE *address, ULONG *octets)
{
    SOCKADDR_IN *v4 = (SOCKADDR_IN *)address;
    SOCKADDR_IN6 *v6 = (SOCKADDR_IN6 *)address;
    memset(address, 0, sizeof *address);
    if (name[0] == L'[') {
        v6->sin6_family = AF_INET6;
        *octets = sizeof *v6;
        return RtlIpv6StringToAddressExW(name, &v6->sin6_addr, &v6->sin6_scope_id, &v6->sin6_port) == 0;
    }
    v4->sin_family = AF_INET;
    *octets = sizeof *v4;
    return RtlIpv4StringToAddressExW(name, TRUE, &v4->sin_addr, &v4->sin_port) == 0;
}

BOOL record_host_of_name(const WCHAR *name, SOCKADDR_STORAGE *address, WCHAR *host)
{
    const WCHAR *colon = wcsrchr(name, L':');
    SOCKADDR_IN *v4 = (SOCKADDR_IN *)address;
    if (colon == NULL) return FALSE;
    memset(address, 0, sizeof *address);
    v4->sin_family = AF_INET;
    v4->sin_port = htons((u_short)wcstoul(colon + 1, NULL, 10));
    wmemcpy(host, name, (size_t)(colon - name));
    host[colon - name] = 0;
    return v4->sin_port != 0;
}
