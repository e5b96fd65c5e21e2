#ifndef LAB_ANSWER_H
#define LAB_ANSWER_H
#include "status.h"

/*
 * Gives octets to a caller as NCrypt does: without a buffer the length only, NTE_BUFFER_TOO_SMALL when they do not fit.
 */
SECURITY_STATUS answer_octets(const void *octets, DWORD count, BYTE *output, DWORD room, DWORD *length);
SECURITY_STATUS answer_text(const WCHAR *text, BYTE *output, DWORD room, DWORD *length);
SECURITY_STATUS answer_number(DWORD number, BYTE *output, DWORD room, DWORD *length);
#endif
