#ifndef LAB_OLD_BELIEF_H
#define LAB_OLD_BELIEF_H
#include <windows.h>

/* Whether EVERBIND_LAB_OLD_BELIEF lists this double (D5); see lab/beliefs/old-belief.ts. */
BOOL lab_old_belief(const WCHAR *double_name);
#endif
