#include "probe.h"
#include <stdio.h>
#include <wchar.h>

const WCHAR *word_at(int count, WCHAR **words, int place)
{
    return place < count ? words[place] : L"";
}

DWORD octets_of_word(const WCHAR *digits, BYTE *octets, DWORD room)
{
    DWORD count = 0;
    unsigned octet;
    for (; count < room && swscanf(digits + 2 * count, L"%2x", &octet) == 1; count++) octets[count] = (BYTE)octet;
    return count;
}

void print_octets(const BYTE *octets, DWORD count)
{
    for (DWORD i = 0; i < count; i++) printf("%02x", octets[i]);
}

static void run_command(int count, WCHAR **words, const struct probe_entry *entries)
{
    for (; entries->name != NULL; entries++) {
        if (wcscmp(entries->name, words[0]) != 0) continue;
        entries->run(count, words);
        printf("\n");
        fflush(stdout);
        return;
    }
    printf("no such command\n");
    fflush(stdout);
    ExitProcess(64);
}

int probe_main(int count, WCHAR **words, const struct probe_entry *entries)
{
    int start = 1;
    for (int i = 1; i <= count; i++) {
        if (i < count && wcscmp(words[i], L"+") != 0) continue;
        if (i > start) run_command(i - start, words + start, entries);
        start = i + 1;
    }
    return 0;
}
