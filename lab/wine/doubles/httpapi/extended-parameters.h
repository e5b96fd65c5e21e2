#ifndef LAB_EXTENDED_PARAMETERS_H
#define LAB_EXTENDED_PARAMETERS_H
#include "ssl-structures.h"

/*
 * Parameters that lie beside a record, one of each type: HTTP/2 windows, TLS restrictions and more, by the ids 8, 9, 10
 * and 12. Only their flags are kept. Between record_store_lock and record_store_unlock; statuses are Win32's.
 */

/* The id of the records that this id has the parameters of; 0 for an id of something else. */
DWORD extended_base(DWORD id);

/* ERROR_FILE_NOT_FOUND when the record has none of this type. */
DWORD extended_read(DWORD base, const WCHAR *name, DWORD type, ULONGLONG *flags);
DWORD extended_write(DWORD base, const WCHAR *name, DWORD type, ULONGLONG flags);
/* All that a record has. */
void extended_delete(DWORD base, const WCHAR *name);

/* Http{Set,Query}ServiceConfiguration for these ids. */
DWORD extended_set(DWORD id, const void *information, ULONG octets, WCHAR *name);
DWORD extended_query(DWORD id, const void *input, ULONG octets, void *output, ULONG room, ULONG *needed, WCHAR *name);
#endif
