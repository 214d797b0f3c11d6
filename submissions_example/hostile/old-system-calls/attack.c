/* getpid, then socket(AF_PACKET), by interrupt 0x80. */
#include <stdio.h>
int main(void) {
    long found;
    __asm__ volatile("int $0x80" : "=a"(found) : "a"(20) : "memory");
    printf("getpid %ld\n", found);
    __asm__ volatile("int $0x80" : "=a"(found) : "a"(359), "b"(17), "c"(3), "d"(0x300) : "memory");
    if (found >= 0) puts("BREACH a packet socket");
    return 0;
}
