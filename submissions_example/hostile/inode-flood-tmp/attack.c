/* Makes empty files in a folder until it cannot. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
int main(int count, char **arguments) {
    long most = atol(arguments[2]), made = 0;
    if (chdir(arguments[1])) return 1;
    for (; made < most; made++) {
        char name[32];
        snprintf(name, sizeof name, "f%ld", made);
        int file = open(name, O_CREAT | O_WRONLY, 0600);
        if (file < 0) break;
        close(file);
    }
    printf(made < most ? "stopped at %ld files\n" : "BREACH %ld files\n", made);
    return 0;
}
