#ifndef LAB_RECORD_STORE_H
#define LAB_RECORD_STORE_H
#include "ssl-structures.h"

/*
 * The records in the registry, under the keys and value names of Windows' HTTP service. Every function must be called
 * between record_store_lock and record_store_unlock. Statuses are Win32's.
 */

/*
 * Waits for the other processes; then completes what a process that was killed had begun. FALSE when the registry
 * cannot be used.
 */
BOOL record_store_lock(void);
void record_store_unlock(void);

BOOL record_exists(enum ssl_config_id id, const WCHAR *name);
/* Writes or replaces a record as a whole: a process killed at any point leaves the old or the new one. */
DWORD record_write(enum ssl_config_id id, const WCHAR *name, const SSL_RECORD *record);
/* ERROR_FILE_NOT_FOUND when there is none. */
DWORD record_read(enum ssl_config_id id, const WCHAR *name, SSL_RECORD *record);
DWORD record_delete(enum ssl_config_id id, const WCHAR *name);
/* The name of the record at a position, in its first writer's spelling; ERROR_NO_MORE_ITEMS past the end. */
DWORD record_name_at(enum ssl_config_id id, DWORD position, WCHAR *name);
/* Finds a name's spelling as it is kept. */
DWORD record_kept_name(enum ssl_config_id id, const WCHAR *name, WCHAR *kept);
#endif
