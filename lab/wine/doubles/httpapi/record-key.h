#ifndef LAB_RECORD_KEY_H
#define LAB_RECORD_KEY_H
#include "ssl-structures.h"

/* Room for a host of 255 characters, a colon and a port. */
#define RECORD_NAME_CHARACTERS 272

/*
 * The name of a record's registry key: `192.0.2.1:443`, `[::]:443`, `host:443`. ERROR_INVALID_PARAMETER for what
 * http.sys cannot keep.
 */
DWORD record_name_of_address(const SOCKADDR *address, WCHAR *name);
DWORD record_name_of_host(const SSL_SNI_KEY *key, WCHAR *name);
DWORD record_name_of_port(const SOCKADDR_STORAGE *address, WCHAR *name);

/* The way back. `host` has room for a name. FALSE for a name that none of the functions above makes. */
BOOL record_address_of_name(const WCHAR *name, SOCKADDR_STORAGE *address, ULONG *octets);
BOOL record_host_of_name(const WCHAR *name, SOCKADDR_STORAGE *address, WCHAR *host);
#endif
