/* Fills as many pipes as it can open. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>
int main(void) {
    static char piece[1 << 16];
    int ends[2], made = 0;
    long kept = 0;
    while (pipe2(ends, O_NONBLOCK) == 0) {
        fcntl(ends[1], F_SETPIPE_SZ, 1 << 20);
        for (long wrote; (wrote = write(ends[1], piece, sizeof piece)) > 0;) kept += wrote;
        made++;
    }
    printf(made < 1024 ? "%d pipes hold %ld KiB\n" : "BREACH %d pipes hold %ld KiB\n", made, kept >> 10);
    return 0;
}
