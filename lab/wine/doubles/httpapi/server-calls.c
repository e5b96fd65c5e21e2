#include <windows.h>
#include "../shared/call.h"
#include "../shared/export.h"

/*
 * The server's calls are Wine's own; here they only get faults and their lines in the journal. On x64 every argument of theirs is a register or
 * a slot of eight octets (HTTPAPI_VERSION too), so that one shape of function passes any of them on.
 */
typedef ULONG_PTR SLOT;
typedef DWORD (WINAPI *WINE_CALL)(SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT, SLOT);

static WINE_CALL wine_call(const char *name)
{
    HMODULE wine = LoadLibraryW(L"httpapi_wine.dll");
    FARPROC found = wine == NULL ? NULL : GetProcAddress(wine, name);
    return (WINE_CALL)(void *)found;
}

#define PASS_ON(name) \
    LAB_EXPORT DWORD WINAPI name(SLOT a, SLOT b, SLOT c, SLOT d, SLOT e, SLOT f, SLOT g, SLOT h, SLOT i, SLOT j); \
    DWORD WINAPI name(SLOT a, SLOT b, SLOT c, SLOT d, SLOT e, SLOT f, SLOT g, SLOT h, SLOT i, SLOT j) \
    { \
        struct lab_call call; \
        DWORD status = ERROR_PROC_NOT_FOUND; \
        WINE_CALL wine = wine_call(#name); \
        if (lab_call_begin(&call, #name) && wine != NULL) status = wine(a, b, c, d, e, f, g, h, i, j); \
        return lab_call_end(&call, status); \
    }

PASS_ON(HttpInitialize)
PASS_ON(HttpTerminate)
PASS_ON(HttpCreateServerSession)
PASS_ON(HttpCloseServerSession)
PASS_ON(HttpCreateRequestQueue)
PASS_ON(HttpCloseRequestQueue)
PASS_ON(HttpCreateUrlGroup)
PASS_ON(HttpCloseUrlGroup)
PASS_ON(HttpSetUrlGroupProperty)
PASS_ON(HttpAddUrlToUrlGroup)
PASS_ON(HttpRemoveUrlFromUrlGroup)
PASS_ON(HttpReceiveHttpRequest)
PASS_ON(HttpReceiveRequestEntityBody)
PASS_ON(HttpSendHttpResponse)
PASS_ON(HttpSendResponseEntityBody)
PASS_ON(HttpCancelHttpRequest)

/* Wine exports it and ends the process when it is called. */
LAB_EXPORT DWORD WINAPI HttpShutdownRequestQueue(SLOT queue);
DWORD WINAPI HttpShutdownRequestQueue(SLOT queue)
{
    struct lab_call call;
    (void)queue;
    lab_call_begin(&call, "HttpShutdownRequestQueue");
    return lab_call_end(&call, ERROR_CALL_NOT_IMPLEMENTED);
}
