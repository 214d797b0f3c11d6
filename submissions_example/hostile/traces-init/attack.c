/* Attaches to process 1, stops it, reads a word of it where that works, and lets go. */
#include <stdio.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
int main(void) {
    if (ptrace(PTRACE_SEIZE, 1, 0, 0) == 0 && ptrace(PTRACE_INTERRUPT, 1, 0, 0) == 0) {
        waitpid(1, NULL, __WALL);
        ptrace(PTRACE_PEEKDATA, 1, 0x400000, 0);
        ptrace(PTRACE_DETACH, 1, 0, 0);
    }
    puts("init traced or not");
    return 0;
}
