#ifndef LAB_RECORD_VALUE_H
#define LAB_RECORD_VALUE_H
#include "ssl-structures.h"

/*
 * Copies a caller's parameters. Records by address and host need a certificate's hash, those of central stores take
 * none: else ERROR_INVALID_PARAMETER. A record of the central store for a whole port takes default options only.
 */
DWORD record_of_param(enum ssl_config_id id, const SSL_PARAM *param, SSL_RECORD *record);

/* How many octets a record's hash and texts need behind the fixed structure. */
ULONG record_tail_octets(const SSL_RECORD *record);

/* Fills `param`, its pointers leading into the octets at `tail`. */
void param_of_record(const SSL_RECORD *record, SSL_PARAM *param, BYTE *tail);

/* Octets of a text with its final zero, rounded up to whole pointers. */
ULONG text_octets(const WCHAR *text);
#endif
