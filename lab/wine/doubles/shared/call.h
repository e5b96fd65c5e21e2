#ifndef LAB_CALL_H
#define LAB_CALL_H
#include "faults.h"

/* One call of an exported function: its fault, if it has one, and its line in the journal. */
struct lab_call {
    const char *name;
    struct lab_fault fault;
    WCHAR about[512];
};

/* TRUE when the call goes ahead; otherwise its status comes from lab_call_end at once. */
BOOL lab_call_begin(struct lab_call *call, const char *name);

/* What the call is about, for the journal. Bounded. */
void lab_call_about(struct lab_call *call, const WCHAR *format, ...);

/* The status that the caller gets. */
DWORD lab_call_end(struct lab_call *call, DWORD status);
#endif
