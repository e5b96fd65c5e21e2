#include "device.h"
#include "key-file.h"
#include "../shared/old-belief.h"
#include <stdlib.h>

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
