/* The program of `bench_measuring.py`: notes the monotonic clock as the first and as the last thing it does.
 *
 * What it does between is in the file /input_json: "sleep SECONDS", or "work STEPS" for arithmetic on 16 MiB of memory.
 * Writes "BEGIN END CPU" in nanoseconds to /output/stamps, the last being the CPU time that it used between the two. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static uint64_t words[1 << 21];

static int64_t read_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void nap(double seconds) {
    struct timespec left = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left)) {
    }
}

static uint64_t work(double steps) {
    uint64_t state = 0x5EED, sum = 0;
    for (uint64_t left = (uint64_t)steps; left; left--) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        sum += words[state & ((1 << 21) - 1)] += state;
    }
    return sum;
}

int main(void) {
    int64_t began = read_ns(CLOCK_MONOTONIC), used = read_ns(CLOCK_PROCESS_CPUTIME_ID);
    char what[16] = "";
    double amount = 0;
    FILE *asked = fopen("/input_json", "r");
    if (!asked || fscanf(asked, "%15s %lf", what, &amount) != 2) return 1;
    uint64_t sum = strcmp(what, "sleep") == 0 ? (nap(amount), 0) : work(amount);
    int64_t ended = read_ns(CLOCK_MONOTONIC);
    used = read_ns(CLOCK_PROCESS_CPUTIME_ID) - used;
    FILE *stamps = fopen("/output/stamps", "w");
    if (!stamps) return 2;
    fprintf(stamps, "%lld %lld %lld %llu\n", (long long)began, (long long)ended, (long long)used, (unsigned long long)sum);
    return fclose(stamps) ? 3 : 0;
}
