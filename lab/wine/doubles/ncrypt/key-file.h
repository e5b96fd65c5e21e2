#ifndef LAB_KEY_FILE_H
#define LAB_KEY_FILE_H
#include "objects.h"

/*
 * Keys in the folder that EVERBIND_LAB_KEYS names, PROVIDER/machine/NAME.key or PROVIDER/user/NAME.key. A file is lines
 * of `word value`; what is no text is hexadecimal. Octets of names that are no letter, digit, `-` or `_` are written
 * %xx. Without the variable every function returns NTE_DEVICE_NOT_READY: the provider's device is not plugged in.
 */

/* Whether there is a key of this provider, scope and name: 0, NTE_BAD_KEYSET or NTE_DEVICE_NOT_READY. */
SECURITY_STATUS key_file_find(const struct object *key);
/* Fills the key from its file. */
SECURITY_STATUS key_file_read(struct object *key);
/* Writes the file as a whole. NTE_EXISTS when there is one and `replaces` is FALSE. */
SECURITY_STATUS key_file_write(const struct object *key, BOOL replaces);
SECURITY_STATUS key_file_delete(const struct object *key);

/* The text of PROVIDER/device, see device.h; NULL when there is none. Of malloc. */
char *device_file_read(const struct provider *provider);
/* The number behind a word of such a text; 0 when it does not have the word. */
DWORD text_number(const char *text, const char *word);

/* Names and algorithms of a provider's keys, for NCryptEnumKeys. */
struct key_listing {
    DWORD count, next;
    struct {
        WCHAR name[KEY_NAME_CHARACTERS];
        enum algorithm algorithm;
    } keys[];
};
/* One allocation of malloc. */
SECURITY_STATUS key_file_list(const struct provider *provider, BOOL machine, struct key_listing **listing);
#endif
