#ifndef LAB_PROVIDERS_H
#define LAB_PROVIDERS_H
#include "status.h"

enum algorithm { ALGORITHM_RSA, ALGORITHM_P256, ALGORITHM_P384, ALGORITHM_COUNT };

struct provider {
    const WCHAR *name, *comment;
    /* NCRYPT_IMPL_…; a provider in hardware gives no private key away, whatever its policy. */
    DWORD implementation;
    BOOL algorithms[ALGORITHM_COUNT];
    DWORD rsa_least, rsa_most;
    /* Registered, but its device is not plugged in. */
    BOOL deviceless;
    /* Firmware TPMs do not sign with RSA-PSS. */
    BOOL tpm;
};

/* NULL past the last one. */
const struct provider *provider_at(unsigned position);
/* NULL for the software provider; names without regard to case. NULL when there is none of that name. */
const struct provider *provider_named(const WCHAR *name);

/* NCrypt's name of an algorithm and of its group. */
const WCHAR *algorithm_name(enum algorithm algorithm);
const WCHAR *algorithm_group(enum algorithm algorithm);
/* FALSE for what the provider does not do. */
BOOL algorithm_of(const struct provider *provider, const WCHAR *name, enum algorithm *algorithm);
BOOL length_is_offered(const struct provider *provider, enum algorithm algorithm, DWORD bits);
DWORD default_length(enum algorithm algorithm);
#endif
