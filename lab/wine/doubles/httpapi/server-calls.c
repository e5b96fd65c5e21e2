#include <windows.h>
#include "../shared/call.h"
#include "../shared/export.h"

/*
 * The server's calls are Wine's own; here they only get faults and their lines in the journal. On x64 every argument of
 * theirs is a register or a slot of eight octets (HTTPAPI_VERSION too). A function takes as many as it is given: what
 * lies above them may be the end of the stack.
 */
typedef ULONG_PTR SLOT;

static FARPROC wine_call(const char *name)
{
    HMODULE wine = LoadLibraryW(L"httpapi_wine.dll");
    return wine == NULL ? NULL : GetProcAddress(wine, name);
}

#define PASS_ON(name, parameters, arguments) \
    LAB_EXPORT DWORD WINAPI name parameters; \
    DWORD WINAPI name parameters \
    { \
        struct lab_call call; \
        DWORD status = ERROR_PROC_NOT_FOUND; \
        DWORD(WINAPI *wine) parameters = (DWORD(WINAPI *) parameters)(void *)wine_call(#name); \
        if (lab_call_begin(&call, #name) && wine != NULL) status = wine arguments; \
        return lab_call_end(&call, status); \
    }
#define PASS_ON_1(name) PASS_ON(name, (SLOT a), (a))
#define PASS_ON_2(name) PASS_ON(name, (SLOT a, SLOT b), (a, b))
#define PASS_ON_3(name) PASS_ON(name, (SLOT a, SLOT b, SLOT c), (a, b, c))
#define PASS_ON_4(name) PASS_ON(name, (SLOT a, SLOT b, SLOT c, SLOT d), (a, b, c, d))
#define PASS_ON_5(name) PASS_ON(name, (SLOT a, SLOT b, SLOT c, SLOT d, SLOT e), (a, b, c, d, e))
#define PASS_ON_7(name) PASS_ON(name, (SLOT a, SLOT b, SLOT c, SLOT d, SLOT e, SLOT f, SLOT g), (a, b, c, d, e, f, g))
#define PASS_ON_10(name) PASS_ON(name, (SLOT a, SLOT b, SLOT c, SLOT d, SLOT e, SLOT f, SLOT g, SLOT h, SLOT i, SLOT j), (a, b, c, d, e, f, g, h, i, j))

PASS_ON_3(HttpInitialize)
PASS_ON_2(HttpTerminate)
PASS_ON_3(HttpCreateServerSession)
PASS_ON_1(HttpCloseServerSession)
PASS_ON_5(HttpCreateRequestQueue)
PASS_ON_1(HttpCloseRequestQueue)
PASS_ON_3(HttpCreateUrlGroup)
PASS_ON_1(HttpCloseUrlGroup)
PASS_ON_4(HttpSetUrlGroupProperty)
PASS_ON_4(HttpAddUrlToUrlGroup)
PASS_ON_3(HttpRemoveUrlFromUrlGroup)
PASS_ON_7(HttpReceiveHttpRequest)
PASS_ON_7(HttpReceiveRequestEntityBody)
PASS_ON_10(HttpSendHttpResponse)
PASS_ON_10(HttpSendResponseEntityBody)
PASS_ON_3(HttpCancelHttpRequest)

/* Wine exports it and ends the process when it is called. */
LAB_EXPORT DWORD WINAPI HttpShutdownRequestQueue(SLOT queue);
DWORD WINAPI HttpShutdownRequestQueue(SLOT queue)
{
    struct lab_call call;
    (void)queue;
    lab_call_begin(&call, "HttpShutdownRequestQueue");
    return lab_call_end(&call, ERROR_CALL_NOT_IMPLEMENTED);
}
