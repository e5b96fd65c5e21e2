#include "../shared/call.h"
#include <stdio.h>
#include <wchar.h>

/*
 * inetsrv\appcmd.exe: runs appcmd.mjs, which lies beside it, by the node.exe that appcmd-node.txt beside it names (one
 * line, UTF-8). Its call is named after the command (appcmd-set-site) in EVERBIND_LAB_FAULTS and EVERBIND_LAB_CALLS;
 * each run is a process, so that N is 1 or `*`.
 */
#define COMMAND_CHARACTERS 32768

static BOOL beside(const WCHAR *name, WCHAR *path)
{
    WCHAR *slash;
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH - 32) return FALSE;
    slash = wcsrchr(path, L'\\');
    wcscpy(slash == NULL ? path : slash + 1, name);
    return TRUE;
}

static BOOL read_node(WCHAR *node)
{
    WCHAR path[MAX_PATH];
    char line[MAX_PATH] = "";
    FILE *file = beside(L"appcmd-node.txt", path) ? _wfopen(path, L"rb") : NULL;
    if (file == NULL) return FALSE;
    if (fgets(line, sizeof line, file) == NULL) line[0] = 0;
    fclose(file);
    line[strcspn(line, "\r\n")] = 0;
    return line[0] != 0 && MultiByteToWideChar(CP_UTF8, 0, line, -1, node, MAX_PATH) > 0;
}

/* The command line behind our own name, quotes and all: node.exe takes it apart by the same rules. */
static const WCHAR *arguments_as_given(void)
{
    const WCHAR *line = GetCommandLineW();
    BOOL quoted = FALSE;
    for (; *line != 0 && (quoted || (*line != L' ' && *line != L'\t')); line++) {
        if (*line == L'"') quoted = !quoted;
    }
    return line;
}

static DWORD run(void)
{
    static WCHAR command[COMMAND_CHARACTERS];
    WCHAR node[MAX_PATH], script[MAX_PATH];
    STARTUPINFOW startup = { .cb = sizeof startup, .dwFlags = STARTF_USESTDHANDLES };
    PROCESS_INFORMATION process;
    DWORD status = ERROR_FILE_NOT_FOUND;
    if (!read_node(node) || !beside(L"appcmd.mjs", script)) return status;
    if (_snwprintf(command, COMMAND_CHARACTERS - 1, L"\"%ls\" \"%ls\"%ls", node, script, arguments_as_given()) < 0) return ERROR_INVALID_PARAMETER;
    startup.hStdInput = GetStdHandle(STD_INPUT_HANDLE);
    startup.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    startup.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessW(node, command, NULL, NULL, TRUE, 0, NULL, NULL, &startup, &process)) return GetLastError();
    WaitForSingleObject(process.hProcess, INFINITE);
    GetExitCodeProcess(process.hProcess, &status);
    CloseHandle(process.hThread);
    CloseHandle(process.hProcess);
    return status;
}

int main(int count, char **words)
{
    static char name[128];
    struct lab_call call;
    DWORD status = 0;
    BOOL ahead;
    _snprintf(name, sizeof name - 1, "appcmd-%s-%s", count > 1 ? _strlwr(words[1]) : "", count > 2 ? _strlwr(words[2]) : "");
    ahead = lab_call_begin(&call, name);
    lab_call_about(&call, L"%ls", arguments_as_given());
    if (ahead) status = run();
    else printf("ERROR ( message:Refused by EVERBIND_LAB_FAULTS. )\r\n");
    fflush(stdout);
    return (int)lab_call_end(&call, status);
}
