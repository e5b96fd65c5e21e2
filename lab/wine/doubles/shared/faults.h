#ifndef LAB_FAULTS_H
#define LAB_FAULTS_H
#include <windows.h>

/*
 * EVERBIND_LAB_FAULTS says which calls fail: "Call:N:status" before they do anything, "Call:after:N:status" when all is
 * done. Several are separated by commas. N counts the calls of that name in this process from 1, `*` is every one; the
 * status is decimal or 0x…, or `kill`, which ends the process there as TerminateProcess does. The variable is read at
 * every call.
 */
enum lab_fault_when { LAB_FAULT_NONE, LAB_FAULT_BEFORE, LAB_FAULT_AFTER };

struct lab_fault {
    enum lab_fault_when when;
    DWORD status;
    BOOL kills;
};

/* Ends the process. */
void lab_fault_kill(void);

/*
 * Counts a call and says whether it fails. A list that cannot be read ends the process with 70: a test must not pass
 * without its fault.
 */
struct lab_fault lab_fault_of(const char *call);
#endif
