#include <winsock2.h>
#include "../shared/call.h"
#include <stdio.h>
#include <wchar.h>

/*
 * inetsrv\appcmd.exe: passes its arguments to service.ts, on the loopback port that appcmd-port.txt beside it names, and prints the answer. As
 * on Windows, where appcmd is a client too, starting it is cheap. Its call is named after the command (appcmd-set-site) in
 * EVERBIND_LAB_FAULTS and EVERBIND_LAB_CALLS; each run is a process, so that N is 1 or `*`.
 */
#define ARGUMENT_OCTETS 65536

static int read_port(void)
{
    WCHAR path[MAX_PATH];
    WCHAR *slash;
    FILE *file;
    int port = 0;
    DWORD length = GetModuleFileNameW(NULL, path, MAX_PATH);
    if (length == 0 || length >= MAX_PATH - 32) return 0;
    slash = wcsrchr(path, L'\\');
    wcscpy(slash == NULL ? path : slash + 1, L"appcmd-port.txt");
    file = _wfopen(path, L"rb");
    if (file == NULL) return 0;
    if (fscanf(file, "%d", &port) != 1) port = 0;
    fclose(file);
    return port;
}

static SOCKET connect_service(void)
{
    WSADATA data;
    struct sockaddr_in address = { .sin_family = AF_INET };
    SOCKET connection;
    address.sin_port = htons((u_short)read_port());
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (WSAStartup(MAKEWORD(2, 2), &data) != 0) return INVALID_SOCKET;
    connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection == INVALID_SOCKET) return INVALID_SOCKET;
    if (connect(connection, (struct sockaddr *)&address, sizeof address) == 0) return connection;
    closesocket(connection);
    return INVALID_SOCKET;
}

static BOOL send_all(SOCKET connection, const char *octets, int count)
{
    while (count > 0) {
        int sent = send(connection, octets, count, 0);
        if (sent <= 0) return FALSE;
        octets += sent;
        count -= sent;
    }
    return TRUE;
}

/* Each argument in UTF-8 with a zero behind it. */
static BOOL send_arguments(SOCKET connection, int count, WCHAR **words)
{
    static char octets[ARGUMENT_OCTETS];
    for (int index = 1; index < count; index++) {
        int length = WideCharToMultiByte(CP_UTF8, 0, words[index], -1, octets, sizeof octets, NULL, NULL);
        if (length == 0 || !send_all(connection, octets, length)) return FALSE;
    }
    return shutdown(connection, SD_SEND) == 0;
}

/* The exit code in four octets, the lowest one first, and then what to print. */
static BOOL pass_answer(SOCKET connection, DWORD *status)
{
    static char octets[65536];
    HANDLE output = GetStdHandle(STD_OUTPUT_HANDLE);
    int known = 0;
    *status = 0;
    for (;;) {
        int count = recv(connection, octets, sizeof octets, 0);
        int used = 0;
        DWORD written;
        if (count < 0) return FALSE;
        if (count == 0) return known == 4;
        while (used < count && known < 4) *status |= (DWORD)(unsigned char)octets[used++] << 8 * known++;
        if (used < count && !WriteFile(output, octets + used, (DWORD)(count - used), &written, NULL)) return FALSE;
    }
}

static DWORD run(int count, WCHAR **words)
{
    DWORD status;
    SOCKET connection = connect_service();
    if (connection == INVALID_SOCKET) return ERROR_SERVICE_NOT_ACTIVE;
    if (!send_arguments(connection, count, words) || !pass_answer(connection, &status)) status = ERROR_GEN_FAILURE;
    closesocket(connection);
    return status;
}

int wmain(int count, WCHAR **words)
{
    static char name[128];
    static WCHAR about[512];
    struct lab_call call;
    DWORD status = 0;
    BOOL ahead;
    _snprintf(name, sizeof name - 1, "appcmd-%ls-%ls", count > 1 ? words[1] : L"", count > 2 ? words[2] : L"");
    ahead = lab_call_begin(&call, _strlwr(name));
    for (int index = 1; index < count; index++) {
        wcsncat(about, L" ", 511 - wcslen(about));
        wcsncat(about, words[index], 511 - wcslen(about));
    }
    lab_call_about(&call, L"%ls", about);
    if (ahead) status = run(count, words);
    else printf("ERROR ( message:Refused by EVERBIND_LAB_FAULTS. )\r\n");
    fflush(stdout);
    return (int)lab_call_end(&call, status);
}
