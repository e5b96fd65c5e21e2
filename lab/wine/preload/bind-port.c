#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * Preloaded into wineserver, which opens the sockets of all Wine processes: what wants to listen on port 80 gets the
 * port of EVERBIND_LAB_HTTP_PORT on loopback instead, so that the lab's front can stand on port 80.
 */
int bind(int fd, const struct sockaddr *address, socklen_t length)
{
    static int (*real_bind)(int, const struct sockaddr *, socklen_t);
    const char *port = getenv("EVERBIND_LAB_HTTP_PORT");
    struct sockaddr_in moved;

    if (!real_bind) real_bind = (int (*)(int, const struct sockaddr *, socklen_t))dlsym(RTLD_NEXT, "bind");
    if (!port || length < sizeof(moved) || address->sa_family != AF_INET) return real_bind(fd, address, length);
    memcpy(&moved, address, sizeof(moved));
    if (moved.sin_port != htons(80)) return real_bind(fd, address, length);
    moved.sin_port = htons((unsigned short)atoi(port));
    moved.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return real_bind(fd, (struct sockaddr *)&moved, length);
}
