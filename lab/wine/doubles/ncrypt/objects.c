#include "objects.h"
#include <stdlib.h>

static SRWLOCK lock = SRWLOCK_INIT;
static struct object *first;

struct object *object_make(enum object_kind kind, const struct provider *provider)
{
    struct object *object = calloc(1, sizeof *object);
    if (object == NULL) return NULL;
    object->kind = kind;
    object->provider = provider;
    AcquireSRWLockExclusive(&lock);
    object->next = first;
    first = object;
    ReleaseSRWLockExclusive(&lock);
    return object;
}

struct object *object_of_any(NCRYPT_HANDLE handle)
{
    struct object *object;
    AcquireSRWLockShared(&lock);
    for (object = first; object != NULL && (NCRYPT_HANDLE)object != handle; object = object->next) continue;
    ReleaseSRWLockShared(&lock);
    return object;
}

struct object *object_of(NCRYPT_HANDLE handle, enum object_kind kind)
{
    struct object *object = object_of_any(handle);
    return object != NULL && object->kind == kind ? object : NULL;
}

void object_free(struct object *object)
{
    AcquireSRWLockExclusive(&lock);
    for (struct object **link = &first; *link != NULL; link = &(*link)->next) {
        if (*link != object) continue;
        *link = object->next;
        break;
    }
    ReleaseSRWLockExclusive(&lock);
    if (object->blob != NULL) SecureZeroMemory(object->blob, object->blob_octets);
    free(object->blob);
    free(object->security);
    free(object);
}

DWORD object_count(void)
{
    DWORD count = 0;
    AcquireSRWLockShared(&lock);
    for (struct object *object = first; object != NULL; object = object->next) count++;
    ReleaseSRWLockShared(&lock);
    return count;
}
