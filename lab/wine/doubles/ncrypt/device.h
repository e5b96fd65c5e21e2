#ifndef LAB_DEVICE_H
#define LAB_DEVICE_H
#include "providers.h"

/*
 * How the device behind a provider behaves, from PROVIDER/device in the folder that EVERBIND_LAB_KEYS names: lines of
 * `word status`, read at every call, so that a device can be taken away and brought back. Words:
 *   away      whatever needs the device fails with this status
 *   pss       a TPM refuses RSA-PSS with this status, by default NTE_NOT_SUPPORTED
 *   pss-salt  a TPM signs with RSA-PSS when the salt is as long as the hash; the status is for other salts
 *   NAME      a property, or a private key in this form (PKCS8_PRIVATEKEY), is refused with this status
 *   persist   Export Policy and Key Usage with NCRYPT_PERSIST_FLAG are refused with this status
 *   descriptors  Security Descr Support is this number, by default 0 for a TPM and 1 for the others
 */

/* The status behind a word; 0 when the file does not have it. */
SECURITY_STATUS device_status(const struct provider *provider, const char *word);

/* 0, or the status with which everything fails because the device is not there. */
SECURITY_STATUS device_away(const struct provider *provider);

/* 0, or the status with which the device refuses to sign with RSA-PSS and this salt. */
SECURITY_STATUS device_refuses_pss(const struct provider *provider, DWORD salt, DWORD hash_octets);

/* 0, or the status with which a private key in this form is refused. */
SECURITY_STATUS device_refuses_form(const struct provider *provider, const WCHAR *form);

/* 0, or the status with which setting a property of a key is refused. */
SECURITY_STATUS device_refuses_property(const struct provider *provider, const WCHAR *name, DWORD flags);

/* The provider's Security Descr Support; 0 for one without security descriptors. */
DWORD device_descriptors(const struct provider *provider);
#endif
