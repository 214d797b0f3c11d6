/* Starts threads until it cannot. */
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>
static void *wait_for_ever(void *nothing) { pause(); return nothing; }
int main(void) {
    int made = 0;
    pthread_t thread;
    pthread_attr_t small;
    pthread_attr_init(&small);
    pthread_attr_setstacksize(&small, 1 << 14);
    while (made < 100000 && pthread_create(&thread, &small, wait_for_ever, NULL) == 0) made++;
    printf(made < 1000 ? "%d threads\n" : "BREACH %d threads\n", made);
    return 0;
}
