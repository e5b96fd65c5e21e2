#include "providers.h"
#include <wchar.h>

static const struct provider providers[] = {
    { MS_KEY_STORAGE_PROVIDER, L"Keys in software", NCRYPT_IMPL_SOFTWARE_FLAG, { TRUE, TRUE, TRUE }, 2048, 4096, FALSE, FALSE },
    /* What TPMs of today have in common. */
    { L"Microsoft Platform Crypto Provider", L"Stands for a TPM", NCRYPT_IMPL_HARDWARE_FLAG, { TRUE, TRUE, FALSE }, 2048, 2048, FALSE, TRUE },
    { L"Everbind Lab HSM", L"Stands for a vendor's HSM", NCRYPT_IMPL_HARDWARE_FLAG, { TRUE, TRUE, TRUE }, 2048, 4096, FALSE, FALSE },
    { MS_SMART_CARD_KEY_STORAGE_PROVIDER, L"No card reader here", NCRYPT_IMPL_HARDWARE_FLAG, { TRUE, TRUE, TRUE }, 2048, 4096, TRUE, FALSE },
};

static const WCHAR *const names[ALGORITHM_COUNT] = { L"RSA", L"ECDSA_P256", L"ECDSA_P384" };

const struct provider *provider_at(unsigned position)
{
    return position < sizeof providers / sizeof *providers ? &providers[position] : NULL;
}

const struct provider *provider_named(const WCHAR *name)
{
    const struct provider *provider;
    if (name == NULL) return &providers[0];
    for (unsigned i = 0; (provider = provider_at(i)) != NULL; i++) {
        if (_wcsicmp(provider->name, name) == 0) return provider;
    }
    return NULL;
}

const WCHAR *algorithm_name(enum algorithm algorithm)
{
    return names[algorithm];
}

const WCHAR *algorithm_group(enum algorithm algorithm)
{
    return algorithm == ALGORITHM_RSA ? L"RSA" : L"ECDSA";
}

BOOL algorithm_of(const struct provider *provider, const WCHAR *name, enum algorithm *algorithm)
{
    for (int i = 0; i < ALGORITHM_COUNT; i++) {
        if (!provider->algorithms[i] || _wcsicmp(names[i], name) != 0) continue;
        *algorithm = (enum algorithm)i;
        return TRUE;
    }
    return FALSE;
}

BOOL length_is_offered(const struct provider *provider, enum algorithm algorithm, DWORD bits)
{
    if (algorithm != ALGORITHM_RSA) return bits == default_length(algorithm);
    return bits >= provider->rsa_least && bits <= provider->rsa_most && bits % 64 == 0;
}

DWORD default_length(enum algorithm algorithm)
{
    return algorithm == ALGORITHM_RSA ? 2048 : algorithm == ALGORITHM_P256 ? 256 : 384;
}
