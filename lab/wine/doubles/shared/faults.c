#include "faults.h"
#include "environment.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_NAMES 64
/* The exit status that a shell reports for a process that SIGKILL ended. */
#define LAB_KILLED 137

static SRWLOCK lock = SRWLOCK_INIT;
static struct {
    const char *call;
    unsigned long count;
} counters[MAX_NAMES];

static void unreadable(const char *why)
{
    fprintf(stderr, "EVERBIND_LAB_FAULTS: %s\n", why);
    fflush(stderr);
    ExitProcess(70);
}

static unsigned long count_call(const char *call)
{
    unsigned long count = 0;
    AcquireSRWLockExclusive(&lock);
    for (int i = 0; i < MAX_NAMES; i++) {
        if (counters[i].call == NULL) counters[i].call = call;
        if (strcmp(counters[i].call, call) == 0) {
            count = ++counters[i].count;
            break;
        }
    }
    ReleaseSRWLockExclusive(&lock);
    if (count == 0) unreadable("too many different calls to count");
    return count;
}

static unsigned long number(const char *text)
{
    char *end;
    unsigned long value = strtoul(text, &end, 0);
    if (*text == 0 || *end != 0) unreadable("a number is expected where there is none");
    return value;
}

/* Cuts "Call:N:status" and "Call:after:N:status" into words; returns their count. */
static int words_of(char *entry, char *words[4])
{
    int count = 0;
    for (char *word = entry; word != NULL; count++) {
        char *colon = strchr(word, ':');
        if (count == 4) unreadable("an entry has more than four words");
        if (colon != NULL) *colon++ = 0;
        words[count] = word;
        word = colon;
    }
    return count;
}

struct lab_fault lab_fault_of(const char *call)
{
    struct lab_fault fault = { LAB_FAULT_NONE, 0, FALSE };
    WCHAR wide[2048];
    char list[2048];
    unsigned long nth = count_call(call);
    lab_environment(L"EVERBIND_LAB_FAULTS", wide, 2048);
    if (wide[0] == 0) return fault;
    if (!WideCharToMultiByte(CP_UTF8, 0, wide, -1, list, sizeof list, NULL, NULL)) unreadable("the list is too long");
    for (char *entry = list, *next; entry != NULL; entry = next) {
        char *words[4];
        int count;
        next = strchr(entry, ',');
        if (next != NULL) *next++ = 0;
        count = words_of(entry, words);
        if (count < 3 || (count == 4 && strcmp(words[1], "after") != 0)) unreadable("an entry is not Call:N:status or Call:after:N:status");
        BOOL kills = strcmp(words[count - 1], "kill") == 0;
        DWORD status = kills ? 0 : number(words[count - 1]);
        const char *which = words[count - 2];
        BOOL hit = strcmp(which, "*") == 0 || number(which) == nth;
        if (!hit || strcmp(words[0], call) != 0 || fault.when != LAB_FAULT_NONE) continue;
        fault.when = count == 4 ? LAB_FAULT_AFTER : LAB_FAULT_BEFORE;
        fault.status = status;
        fault.kills = kills;
    }
    return fault;
}

void lab_fault_kill(void)
{
    TerminateProcess(GetCurrentProcess(), LAB_KILLED);
}
