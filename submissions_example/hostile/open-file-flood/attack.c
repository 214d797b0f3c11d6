/* Opens the case list until it cannot. */
#include <fcntl.h>
#include <stdio.h>
int main(void) {
    int made = 0;
    while (made < 1000000 && open("/input_json", O_RDONLY) >= 0) made++;
    printf(made <= 128 ? "stopped at %d files\n" : "BREACH %d open files\n", made);
    return 0;
}
