#include "call.h"
#include "journal.h"
#include <stdarg.h>
#include <wchar.h>

BOOL lab_call_begin(struct lab_call *call, const char *name)
{
    call->name = name;
    call->about[0] = 0;
    call->fault = lab_fault_of(name);
    if (call->fault.when == LAB_FAULT_BEFORE && call->fault.kills) lab_fault_kill();
    return call->fault.when != LAB_FAULT_BEFORE;
}

void lab_call_about(struct lab_call *call, const WCHAR *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    _vsnwprintf(call->about, 511, format, arguments);
    va_end(arguments);
    call->about[511] = 0;
}

DWORD lab_call_end(struct lab_call *call, DWORD status)
{
    static const char *const how[] = { "done", "fault", "fault-after" };
    /* What failed by itself keeps its own reason. */
    if (call->fault.when == LAB_FAULT_AFTER && call->fault.kills) lab_fault_kill();
    enum lab_fault_when when = call->fault.when == LAB_FAULT_AFTER && status != 0 ? LAB_FAULT_NONE : call->fault.when;
    if (when != LAB_FAULT_NONE) status = call->fault.status;
    lab_journal(call->name, status, how[when], call->about);
    return status;
}
