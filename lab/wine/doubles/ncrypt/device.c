#include "device.h"
#include "key-file.h"
#include "../shared/old-belief.h"
#include <stdlib.h>
#include <wchar.h>

SECURITY_STATUS device_status(const struct provider *provider, const char *word)
{
    char *text = device_file_read(provider);
    SECURITY_STATUS status = text == NULL ? 0 : (SECURITY_STATUS)text_number(text, word);
    free(text);
    return status;
}

SECURITY_STATUS device_away(const struct provider *provider)
{
    SECURITY_STATUS status = provider->deviceless ? NTE_BAD_KEYSET : device_status(provider, "away");
    return status != 0 && lab_old_belief(L"D12") ? NTE_DEVICE_NOT_READY : status;
}

SECURITY_STATUS device_refuses_pss(const struct provider *provider, DWORD salt, DWORD hash_octets)
{
    SECURITY_STATUS other_salt = device_status(provider, "pss-salt"), refused = device_status(provider, "pss");
    if (!provider->tpm || lab_old_belief(L"D13")) return 0;
    if (other_salt != 0) return salt == hash_octets ? 0 : other_salt;
    return refused != 0 ? refused : NTE_NOT_SUPPORTED;
}

static SECURITY_STATUS status_of_name(const struct provider *provider, const WCHAR *name)
{
    char word[64];
    if (WideCharToMultiByte(CP_UTF8, 0, name, -1, word, sizeof word, NULL, NULL) == 0) return 0;
    return device_status(provider, word);
}

SECURITY_STATUS device_refuses_form(const struct provider *provider, const WCHAR *form)
{
    if (provider->implementation == NCRYPT_IMPL_HARDWARE_FLAG) return NTE_NOT_SUPPORTED;
    return lab_old_belief(L"D14") ? 0 : status_of_name(provider, form);
}

SECURITY_STATUS device_refuses_property(const struct provider *provider, const WCHAR *name, DWORD flags)
{
    BOOL term = wcscmp(name, NCRYPT_EXPORT_POLICY_PROPERTY) == 0 || wcscmp(name, NCRYPT_KEY_USAGE_PROPERTY) == 0;
    SECURITY_STATUS status;
    if (lab_old_belief(L"D15")) return 0;
    status = status_of_name(provider, name);
    if (status == 0 && term && (flags & NCRYPT_PERSIST_FLAG) != 0) status = device_status(provider, "persist");
    if (status == 0 && wcscmp(name, NCRYPT_SECURITY_DESCR_PROPERTY) == 0 && device_descriptors(provider) == 0) status = NTE_NOT_SUPPORTED;
    return status;
}

DWORD device_descriptors(const struct provider *provider)
{
    DWORD number = (DWORD)device_status(provider, "descriptors");
    return number == 0 && (!provider->tpm || lab_old_belief(L"D15")) ? 1 : number;
}
