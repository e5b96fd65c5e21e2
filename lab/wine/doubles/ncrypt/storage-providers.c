#include "objects.h"
#include "../shared/call.h"
#include "../shared/export.h"
#include <stdlib.h>
#include <wchar.h>

static SECURITY_STATUS open_provider(NCRYPT_PROV_HANDLE *handle, const WCHAR *name)
{
    const struct provider *provider = provider_named(name);
    struct object *object;
    if (handle == NULL) return NTE_INVALID_PARAMETER;
    /* What certutil shows for a provider that nobody registered. */
    if (provider == NULL) return NTE_BAD_KEYSET;
    object = object_make(OBJECT_PROVIDER, provider);
    if (object == NULL) return NTE_NO_MEMORY;
    *handle = (NCRYPT_PROV_HANDLE)object;
    return 0;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptOpenStorageProvider(NCRYPT_PROV_HANDLE *handle, LPCWSTR name, DWORD flags)
{
    struct lab_call call;
    SECURITY_STATUS status = NTE_BAD_FLAGS;
    BOOL ahead = lab_call_begin(&call, "NCryptOpenStorageProvider");
    lab_call_about(&call, L"%ls", name == NULL ? L"" : name);
    if (ahead && (flags & ~(DWORD)NCRYPT_SILENT_FLAG) == 0) status = open_provider(handle, name);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

/* One block: the array, then the texts. */
static SECURITY_STATUS list_providers(DWORD *count, NCryptProviderName **list)
{
    const struct provider *provider;
    DWORD found = 0;
    size_t characters = 0;
    WCHAR *text;
    if (count == NULL || list == NULL) return NTE_INVALID_PARAMETER;
    for (; (provider = provider_at(found)) != NULL; found++) characters += wcslen(provider->name) + wcslen(provider->comment) + 2;
    *list = malloc(found * sizeof **list + characters * sizeof *text);
    if (*list == NULL) return NTE_NO_MEMORY;
    text = (WCHAR *)(*list + found);
    for (DWORD i = 0; i < found; i++) {
        provider = provider_at(i);
        (*list)[i].pszName = wcscpy(text, provider->name);
        text += wcslen(text) + 1;
        (*list)[i].pszComment = wcscpy(text, provider->comment);
        text += wcslen(text) + 1;
    }
    *count = found;
    return 0;
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptEnumStorageProviders(DWORD *count, NCryptProviderName **list, DWORD flags)
{
    struct lab_call call;
    SECURITY_STATUS status = NTE_BAD_FLAGS;
    if (lab_call_begin(&call, "NCryptEnumStorageProviders") && (flags & ~(DWORD)NCRYPT_SILENT_FLAG) == 0) status = list_providers(count, list);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptIsAlgSupported(NCRYPT_PROV_HANDLE handle, LPCWSTR name, DWORD flags)
{
    struct lab_call call;
    const struct object *object = object_of(handle, OBJECT_PROVIDER);
    enum algorithm algorithm;
    SECURITY_STATUS status = 0;
    (void)flags;
    if (lab_call_begin(&call, "NCryptIsAlgSupported")) {
        if (object == NULL) status = NTE_INVALID_HANDLE;
        else if (name == NULL) status = NTE_INVALID_PARAMETER;
        else if (!algorithm_of(object->provider, name, &algorithm)) status = NTE_NOT_SUPPORTED;
    }
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptFreeBuffer(PVOID buffer)
{
    struct lab_call call;
    if (lab_call_begin(&call, "NCryptFreeBuffer")) free(buffer);
    return (SECURITY_STATUS)lab_call_end(&call, 0);
}

LAB_EXPORT SECURITY_STATUS WINAPI NCryptFreeObject(NCRYPT_HANDLE handle)
{
    struct lab_call call;
    struct object *object = object_of_any(handle);
    SECURITY_STATUS status = object == NULL ? NTE_INVALID_HANDLE : 0;
    if (lab_call_begin(&call, "NCryptFreeObject") && object != NULL) object_free(object);
    return (SECURITY_STATUS)lab_call_end(&call, (DWORD)status);
}

LAB_EXPORT WINBOOL WINAPI NCryptIsKeyHandle(NCRYPT_KEY_HANDLE handle)
{
    return object_of(handle, OBJECT_KEY) != NULL;
}
