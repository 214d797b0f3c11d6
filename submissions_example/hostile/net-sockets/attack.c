/* Opens sockets of every family and kind, and tries those that could lead to the host. */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum { VSOCK = 40, HOST_CID = 2 };
struct vsock_address { unsigned short family, reserved; unsigned port, cid; unsigned char zero[4]; };

static int reaches(int family, const void *address, unsigned size) {
    int door = socket(family, SOCK_STREAM, 0);
    struct timeval second = {1, 0};
    if (door < 0) return 0;
    setsockopt(door, SOL_SOCKET, SO_SNDTIMEO, &second, sizeof second);
    int done = connect(door, address, size);
    close(door);
    return done == 0;
}

int main(int count, char **arguments) {
    int tried = 0, opened = 0, breaches = 0;
    for (int family = 0; family < 46; family++)
        for (int kind = 1; kind <= 5; kind++) {
            int door = socket(family, kind, family == AF_PACKET ? 0x0300 : 0);
            tried++;
            if (door >= 0) opened++, close(door);
        }
    printf("%d families tried, %d sockets opened\n", tried / 5, opened);
    if (socket(VSOCK, SOCK_STREAM, 0) >= 0) printf("BREACH a vsock socket\n"), breaches++;
    int packet = socket(AF_PACKET, SOCK_RAW, 0x0300);
    if (packet >= 0) printf("BREACH a packet socket\n"), breaches++;
    struct sockaddr_un abstract = {.sun_family = AF_UNIX};
    strncpy(abstract.sun_path + 1, arguments[1], sizeof abstract.sun_path - 2);
    if (reaches(AF_UNIX, &abstract, offsetof(struct sockaddr_un, sun_path) + 1 + strlen(arguments[1])))
        printf("BREACH the host's abstract socket\n"), breaches++;
    unsigned short ports[] = {22, 80, 1024, (unsigned short)atoi(arguments[2])};
    for (int number = 0; number < 4; number++) {
        struct vsock_address host = {.family = VSOCK, .port = ports[number], .cid = HOST_CID};
        if (reaches(VSOCK, &host, sizeof host)) printf("BREACH the host by vsock\n"), breaches++;
    }
    return breaches != 0;
}
