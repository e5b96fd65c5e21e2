#ifndef LAB_OBJECTS_H
#define LAB_OBJECTS_H
#include "providers.h"

#define KEY_NAME_CHARACTERS 256

enum object_kind { OBJECT_PROVIDER, OBJECT_KEY };

/* What a handle stands for: a provider that was opened, or a key. */
struct object {
    enum object_kind kind;
    const struct provider *provider;
    struct object *next;
    /* The rest is a key's. An empty name: it lives as long as its handle. */
    WCHAR name[KEY_NAME_CHARACTERS];
    BOOL machine, overwrites, finalized;
    enum algorithm algorithm;
    DWORD length, policy, usage;
    BYTE *security;
    DWORD security_octets;
    /* BCRYPT_RSAFULLPRIVATE_BLOB or BCRYPT_ECCPRIVATE_BLOB. */
    BYTE *blob;
    DWORD blob_octets;
};

/* A new object with a handle, or NULL. */
struct object *object_make(enum object_kind kind, const struct provider *provider);
/* The object of a handle; NULL for a handle that was never given or is closed. */
struct object *object_of(NCRYPT_HANDLE handle, enum object_kind kind);
struct object *object_of_any(NCRYPT_HANDLE handle);
void object_free(struct object *object);
/* How many are open. */
DWORD object_count(void);
#endif
