#ifndef LAB_RECORD_VALUES_H
#define LAB_RECORD_VALUES_H
#include "ssl-structures.h"

/*
 * One record as values of a registry key, named as Windows' HTTP service names them. A text that is NULL has no value.
 */
DWORD record_values_write(HKEY key, const SSL_RECORD *record);
DWORD record_values_read(HKEY key, SSL_RECORD *record);
#endif
