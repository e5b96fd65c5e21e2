#include "old-belief.h"
#include "environment.h"
#include <wchar.h>

BOOL lab_old_belief(const WCHAR *double_name)
{
    WCHAR list[256];
    size_t length = wcslen(double_name);
    lab_environment(L"EVERBIND_LAB_OLD_BELIEF", list, 256);
    for (const WCHAR *at = list; *at != 0;) {
        const WCHAR *comma = wcschr(at, L',');
        size_t octets = comma == NULL ? wcslen(at) : (size_t)(comma - at);
        if (octets == length && wmemcmp(at, double_name, length) == 0) return TRUE;
        at += octets + (comma != NULL);
    }
    return FALSE;
}
