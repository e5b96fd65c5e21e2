#include "environment.h"
#include <wchar.h>

void lab_environment(const WCHAR *name, WCHAR *value, DWORD characters)
{
    DWORD length = GetEnvironmentVariableW(name, value, characters);
    if (length == 0 || length >= characters) value[0] = 0;
}

BOOL lab_environment_path(const WCHAR *name, WCHAR *path, DWORD characters)
{
    lab_environment(name, path + 2, characters - 2);
    if (path[2] == 0) return FALSE;
    if (path[2] == L'/') {
        path[0] = L'Z';
        path[1] = L':';
    } else {
        memmove(path, path + 2, (wcslen(path + 2) + 1) * sizeof *path);
    }
    return TRUE;
}
