#ifndef LAB_CERTIFICATE_CHECK_H
#define LAB_CERTIFICATE_CHECK_H
#include "ssl-structures.h"

/*
 * Whether LocalMachine\store (no store: MY) has the record's certificate with a key: 0 or ERROR_NO_SUCH_LOGON_SESSION,
 * as http.sys returns.
 */
DWORD certificate_check(const SSL_RECORD *record);
#endif
