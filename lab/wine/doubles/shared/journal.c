#include "journal.h"
#include "environment.h"
#include <stdio.h>

void lab_journal(const char *call, DWORD status, const char *how, const WCHAR *about)
{
    WCHAR path[MAX_PATH + 2];
    char detail[1024] = "", line[1400];
    HANDLE file;
    DWORD written;
    int length;
    if (!lab_environment_path(L"EVERBIND_LAB_CALLS", path, MAX_PATH)) return;
    WideCharToMultiByte(CP_UTF8, 0, about, -1, detail, sizeof detail, NULL, NULL);
    for (char *c = detail; *c != 0; c++) {
        if ((unsigned char)*c < ' ') *c = ' ';
    }
    length = snprintf(line, sizeof line, "%lu\t%s\t0x%08lx\t%s\t%s\n", GetCurrentProcessId(), call, status, how, detail);
    /* One write at the end of the file: lines of several processes do not mix. */
    file = CreateFileW(path, FILE_APPEND_DATA, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL, OPEN_ALWAYS, 0, NULL);
    if (file == INVALID_HANDLE_VALUE) return;
    WriteFile(file, line, (DWORD)length, &written, NULL);
    CloseHandle(file);
}
