#include "answer.h"
#include <wchar.h>

SECURITY_STATUS answer_octets(const void *octets, DWORD count, BYTE *output, DWORD room, DWORD *length)
{
    if (length == NULL) return NTE_INVALID_PARAMETER;
    *length = count;
    if (output == NULL) return 0;
    if (room < count) return NTE_BUFFER_TOO_SMALL;
    memcpy(output, octets, count);
    return 0;
}

SECURITY_STATUS answer_text(const WCHAR *text, BYTE *output, DWORD room, DWORD *length)
{
    return answer_octets(text, (DWORD)((wcslen(text) + 1) * sizeof *text), output, room, length);
}

SECURITY_STATUS answer_number(DWORD number, BYTE *output, DWORD room, DWORD *length)
{
    return answer_octets(&number, sizeof number, output, room, length);
}
