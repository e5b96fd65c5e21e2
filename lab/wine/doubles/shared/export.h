#ifndef LAB_EXPORT_H
#define LAB_EXPORT_H
/* A function that the double has itself; all others of Wine's library are passed on by the linker. */
#define LAB_EXPORT __declspec(dllexport)
#endif
