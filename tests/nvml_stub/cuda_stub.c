/* A CUDA driver that takes nothing: what infra/gpu_program.py loads as libcuda.so.1 where there is no GPU.
 *
 * It writes what this process would hold, and its peak, into the folder that CUDA_STUB_LIVE names, in a file called by
 * the process id, where the NVML stub reads it. A context takes 300 MiB. CUDA_STUB_ERROR is what cuInit returns instead;
 * CUDA_STUB_UNTOLD is how many bytes of every allocation it keeps to itself.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const unsigned long long CONTEXT = 300ULL << 20;
static unsigned long long held, peak, taken;

static void tell(unsigned long long now) {
  const char *folder = getenv("CUDA_STUB_LIVE");
  char path[4096], fresh[4096];
  if (!folder) return;
  held = now, peak = now > peak ? now : peak;
  snprintf(path, sizeof path, "%s/%d", folder, (int)getpid());
  snprintf(fresh, sizeof fresh, "%s/.%d", folder, (int)getpid());
  FILE *file = fopen(fresh, "w");
  if (!file) return;
  fprintf(file, "%llu %llu\n", held, peak);
  fclose(file);
  rename(fresh, path);
}

int cuInit(unsigned int flags) {
  const char *error = getenv("CUDA_STUB_ERROR");
  (void)flags;
  return error ? atoi(error) : 0;
}
int cuDeviceGet(int *device, int ordinal) { *device = ordinal; return 0; }
int cuDevicePrimaryCtxRetain(void **context, int device) { (void)device; *context = &held; tell(CONTEXT); return 0; }
int cuCtxSetCurrent(void *context) { return context == &held ? 0 : 201; }

int cuMemAlloc_v2(unsigned long long *address, size_t size) {
  const char *untold = getenv("CUDA_STUB_UNTOLD");
  *address = 4096, taken = size - (untold ? strtoull(untold, NULL, 10) : 0);
  tell(CONTEXT + taken);
  return 0;
}

int cuMemFree_v2(unsigned long long address) {
  taken = 0;
  tell(CONTEXT);
  return address == 4096 ? 0 : 1;
}

__attribute__((destructor)) static void ended(void) {
  if (held) tell(0);
}
