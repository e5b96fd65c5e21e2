#ifndef LAB_PROBE_H
#define LAB_PROBE_H
#include <windows.h>

/*
 * A probe is a small Windows program that makes the calls its arguments ask for, in one process, and prints a line for
 * each: the status in hexadecimal, then what it read. `+` separates commands.
 */
typedef void (*probe_command)(int count, WCHAR **words);

/* The commands of a probe by their names; the last one is { NULL, NULL }. */
struct probe_entry {
    const WCHAR *name;
    probe_command run;
};

int probe_main(int count, WCHAR **words, const struct probe_entry *entries);

/* The word at a place, or an empty text past the end. */
const WCHAR *word_at(int count, WCHAR **words, int place);
/* Octets of hexadecimal digits; returns how many. */
DWORD octets_of_word(const WCHAR *digits, BYTE *octets, DWORD room);
void print_octets(const BYTE *octets, DWORD count);
#endif
