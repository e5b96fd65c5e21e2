#include "../shared/call.h"
#include "../shared/export.h"
#include "../shared/old-belief.h"
/* These are the functions themselves, not imports. */
#define WINIMPM
#include <wincrypt.h>

/*
 * Certificate stores as those of Windows' registry are documented: each change is written at once, and a store cannot
 * be told to write. Documentation has ERROR_NOT_SUPPORTED as one answer; which a store of LocalMachine gives is not
 * documented. Wine writes some changes only when it is told to, so the double tells it after every change.
 */

typedef BOOL (WINAPI *CONTROL)(HCERTSTORE, DWORD, DWORD, void const *);
typedef BOOL (WINAPI *ADD)(HCERTSTORE, PCCERT_CONTEXT, DWORD, PCCERT_CONTEXT *);
typedef BOOL (WINAPI *REMOVE)(PCCERT_CONTEXT);
typedef HCERTSTORE (WINAPI *DUPLICATE)(HCERTSTORE);
typedef BOOL (WINAPI *CLOSE)(HCERTSTORE, DWORD);

/* A function of Wine's own library, which is loaded for good. */
static void *of_wine(const char *name)
{
    return (void *)GetProcAddress(LoadLibraryW(L"crypt32_wine.dll"), name);
}

static void write_changes(HCERTSTORE store)
{
    CONTROL control = (CONTROL)of_wine("CertControlStore");
    DWORD error = GetLastError();
    if (!lab_old_belief(L"D16")) control(store, CERT_STORE_CTRL_COMMIT_FORCE_FLAG, CERT_STORE_CTRL_COMMIT, NULL);
    SetLastError(error);
}

/* Ends a call that reports its status by GetLastError. */
static BOOL end(struct lab_call *call, BOOL done)
{
    DWORD status = lab_call_end(call, done ? 0 : GetLastError());
    if (status == 0) return TRUE;
    SetLastError(status);
    return FALSE;
}

LAB_EXPORT BOOL WINAPI CertControlStore(HCERTSTORE store, DWORD flags, DWORD control, void const *parameter)
{
    struct lab_call call;
    BOOL done = FALSE;
    if (lab_call_begin(&call, "CertControlStore")) {
        if (control == CERT_STORE_CTRL_COMMIT && !lab_old_belief(L"D16")) SetLastError(ERROR_NOT_SUPPORTED);
        else done = ((CONTROL)of_wine("CertControlStore"))(store, flags, control, parameter);
    }
    return end(&call, done);
}

LAB_EXPORT BOOL WINAPI CertAddCertificateContextToStore(HCERTSTORE store, PCCERT_CONTEXT certificate, DWORD disposition, PCCERT_CONTEXT *added)
{
    struct lab_call call;
    BOOL done = FALSE;
    if (lab_call_begin(&call, "CertAddCertificateContextToStore")) {
        done = ((ADD)of_wine("CertAddCertificateContextToStore"))(store, certificate, disposition, added);
        if (done) write_changes(store);
    }
    return end(&call, done);
}

LAB_EXPORT BOOL WINAPI CertDeleteCertificateFromStore(PCCERT_CONTEXT certificate)
{
    struct lab_call call;
    BOOL done = FALSE;
    if (lab_call_begin(&call, "CertDeleteCertificateFromStore")) {
        HCERTSTORE store = ((DUPLICATE)of_wine("CertDuplicateStore"))(certificate->hCertStore);
        done = ((REMOVE)of_wine("CertDeleteCertificateFromStore"))(certificate);
        if (done) write_changes(store);
        ((CLOSE)of_wine("CertCloseStore"))(store, 0);
    }
    return end(&call, done);
}
