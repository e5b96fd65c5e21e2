#ifndef LAB_STATUS_H
#define LAB_STATUS_H
#include <windows.h>
#include <bcrypt.h>
#include <ncrypt.h>

/* Statuses that older headers lack. */
#ifndef NTE_BUFFER_TOO_SMALL
#define NTE_BUFFER_TOO_SMALL ((SECURITY_STATUS)0x80090028)
#endif
#ifndef NTE_DEVICE_NOT_READY
#define NTE_DEVICE_NOT_READY ((SECURITY_STATUS)0x80090030)
#endif
#endif
