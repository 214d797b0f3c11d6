/* Fills files that have no name and lie in no file system that has a size. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <string.h>
#include <unistd.h>
int main(void) {
    static char piece[1 << 20];
    memset(piece, 1, sizeof piece);
    int file = memfd_create("flood", 0);
    for (;;) if (write(file, piece, sizeof piece) < 0) return 1;
}
