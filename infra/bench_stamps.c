/* The program of `bench_measuring.py`: notes the monotonic clock as the first and as the last thing it does.
 *
 * What it does between is in the file /input_json: "sleep SECONDS", or "beat SECONDS" for pieces of arithmetic on 16 MiB of
 * memory, with a note of the clock after each. Writes its notes to /output/stamps, 8 bytes each, in nanoseconds. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { MOST_NOTES = 100000, STEPS = 100000 };

static int64_t notes[MOST_NOTES];
static uint64_t words[1 << 21], state = 0x5EED;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static void nap(double seconds) {
    struct timespec left = {(time_t)seconds, (long)((seconds - (time_t)seconds) * 1e9)};
    while (nanosleep(&left, &left)) {
    }
}

static void piece_of_work(void) {
    for (int left = STEPS; left; left--) {
        state ^= state << 13, state ^= state >> 7, state ^= state << 17;
        words[state & ((1 << 21) - 1)] += state;
    }
}

int main(void) {
    size_t count = 0;
    notes[count++] = now_ns();
    char what[16] = "";
    double seconds = 0;
    FILE *asked = fopen("/input_json", "r");
    if (!asked || fscanf(asked, "%15s %lf", what, &seconds) != 2) return 1;
    if (strcmp(what, "sleep") == 0) nap(seconds);
    else
        while (count < MOST_NOTES - 1 && notes[count - 1] - notes[0] < seconds * 1e9) {
            piece_of_work();
            notes[count++] = now_ns();
        }
    notes[count++] = now_ns();
    FILE *stamps = fopen("/output/stamps", "wb");
    return !stamps || fwrite(notes, sizeof *notes, count, stamps) != count || fclose(stamps);
}
