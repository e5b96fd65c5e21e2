#include "objects.h"
#include "../shared/journal.h"

/* Every other NCrypt function: they would hand our handles to Wine's own, which does not know them. */
SECURITY_STATUS WINAPI LabRefuse(void);
SECURITY_STATUS WINAPI LabRefuse(void)
{
    return NTE_NOT_SUPPORTED;
}

BOOL WINAPI DllMain(HINSTANCE instance, DWORD reason, LPVOID reserved)
{
    (void)instance;
    (void)reserved;
    /* Says at the end of a process how many handles it never closed. */
    if (reason == DLL_PROCESS_DETACH && object_count() > 0) lab_journal("handles-left-open", object_count(), "done", L"ncrypt");
    return TRUE;
}
