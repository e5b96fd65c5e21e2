#include "certificate-check.h"
#include <wincrypt.h>

DWORD certificate_check(const SSL_RECORD *record)
{
    DWORD flags = CERT_SYSTEM_STORE_LOCAL_MACHINE | CERT_STORE_READONLY_FLAG | CERT_STORE_OPEN_EXISTING_FLAG;
    CRYPT_HASH_BLOB hash = { SSL_HASH_OCTETS, (BYTE *)record->hash };
    DWORD octets = 0, status = ERROR_NO_SUCH_LOGON_SESSION;
    PCCERT_CONTEXT certificate;
    HCERTSTORE store;
    if (!record->has_hash) return 0;
    store = CertOpenStore(CERT_STORE_PROV_SYSTEM_W, 0, 0, flags, record->has_store ? record->store : L"MY");
    if (store == NULL) return status;
    certificate = CertFindCertificateInStore(store, X509_ASN_ENCODING, 0, CERT_FIND_HASH, &hash, NULL);
    if (certificate != NULL) {
        if (CertGetCertificateContextProperty(certificate, CERT_KEY_PROV_INFO_PROP_ID, NULL, &octets)) status = 0;
        CertFreeCertificateContext(certificate);
    }
    CertCloseStore(store, 0);
    return status;
}
