#ifndef LAB_JOURNAL_H
#define LAB_JOURNAL_H
#include <windows.h>

/*
 * Appends a line to the file that EVERBIND_LAB_CALLS names: process, call, status, how it came to be (`done`, `fault`,
 * `fault-after`) and what the call was about, with tabs between. Nothing secret is ever written to it. Without the
 * variable nothing is written.
 */
void lab_journal(const char *call, DWORD status, const char *how, const WCHAR *about);
#endif
