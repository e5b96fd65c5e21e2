#ifndef LAB_ENVIRONMENT_H
#define LAB_ENVIRONMENT_H
#include <windows.h>

/* The value of a variable, as of now; an empty string when it is not set or has no room. */
void lab_environment(const WCHAR *name, WCHAR *value, DWORD characters);

/*
 * The same for a variable that holds a path. A Unix path (/keys) becomes one on Wine's drive Z:. FALSE when it is not
 * set.
 */
BOOL lab_environment_path(const WCHAR *name, WCHAR *path, DWORD characters);
#endif
