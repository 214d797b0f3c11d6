/* A driver library that plays a script: what nvidia-ml-py loads as libnvidia-ml.so.1 where there is no GPU.
 *
 * The script is the text file that NVML_STUB_SCRIPT names, read anew whenever NVML is initialised. One line says one thing
 * (times in milliseconds since then, from included, to excluded; memory in bytes):
 *   step MS END                      time is played: each reading of the memory is MS later than the last, up to END
 *   process PID FROM TO BYTES [g|b]  a process computes, with g draws, with b does both; BYTES -1: nobody says how much
 *   extra FROM TO BYTES              memory in use that no process is said to hold
 *   value NAME FROM TO NUMBER        reasons, busy, clock or power, within that time
 *   fail FUNCTION FROM TO CODE       the function returns this nvmlReturn_t
 *   lost MS CODE                     from then on every call about the device does
 *   xid MS NUMBER                    the driver reports an error
 *   accounting KEPT                  accounting is on and remembers so many processes
 *   ended PID BYTES                  the accounting knows this one from before
 *   energy START PER_MS, set baseline|reserved|hidden|mig NUMBER, cpus WORD (hexadecimal, once per 64), pci BUS_ID, live FOLDER
 * `live` adds the processes that the CUDA stub writes into FOLDER, each with its peak.
 * Layouts are those of nvml.h. A function can be left out by renaming it: -DnvmlDeviceGetMemoryInfo_v2=left_out.
 */
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

typedef unsigned int uint;
typedef unsigned long long ull;
typedef void *device_t;
typedef struct { ull total, free, used; } memory_t;
typedef struct { uint version; ull total, reserved, free, used; } memory_v2_t;
typedef struct { uint pid; ull used; uint gpu_instance, compute_instance; } process_t;
typedef struct { uint busy, memory; ull peak, time, start; uint running, reserved[5]; } accounting_t;
typedef struct { uint gpu, memory; } utilization_t;
typedef struct { char legacy[16]; uint domain, bus, device, id, subsystem; char bus_id[32]; } pci_t;
typedef struct { device_t device; ull type, data; uint gpu_instance, compute_instance; } event_t;

enum { OK = 0, INVALID = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, TIMEOUT = 10 };
enum { MOST = 256 };
#define NOT_TOLD (~0ULL)

typedef struct { long from, to, number, pid; char name[48]; int draws; } entry_t;
typedef struct { uint pid; long bytes, peak; ull start; int draws, there; } seen_t;

static struct {
  entry_t process[MOST], extra[MOST], value[MOST], fail[MOST], xid[MOST], ended[MOST];
  int processes, extras, values, fails, xids, xids_told, endeds, cpus;
  long step, end, lost_at, lost_code, kept, energy, energy_per_ms, baseline, reserved, hidden, mig;
  ull cpu[16];
  char pci[32], live[4096];
} play;
static long readings;
static struct timespec began;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char whole[] = "whole", part[] = "part";

long stub_now_ms(void) {
  struct timespec now;
  long played = readings > 1 ? (readings - 1) * play.step : 0;
  if (play.step) return played < play.end ? played : play.end;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (now.tv_sec - began.tv_sec) * 1000 + (now.tv_nsec - began.tv_nsec) / 1000000;
}

static int within(const entry_t *entry) { return entry->from <= stub_now_ms() && stub_now_ms() < entry->to; }

static void read_line(const char *line) {
  entry_t e = {0};
  char draws = 0, name[48] = "";
  long number;
  if (sscanf(line, "process %ld %ld %ld %ld %c", &e.pid, &e.from, &e.to, &e.number, &draws) >= 4)
    e.draws = draws == 'g' ? 1 : draws == 'b' ? 2 : 0, play.process[play.processes++] = e;
  else if (sscanf(line, "extra %ld %ld %ld", &e.from, &e.to, &e.number) == 3) play.extra[play.extras++] = e;
  else if (sscanf(line, "value %47s %ld %ld %ld", e.name, &e.from, &e.to, &e.number) == 4) play.value[play.values++] = e;
  else if (sscanf(line, "fail %47s %ld %ld %ld", e.name, &e.from, &e.to, &e.number) == 4) play.fail[play.fails++] = e;
  else if (sscanf(line, "xid %ld %ld", &e.from, &e.number) == 2) play.xid[play.xids++] = e;
  else if (sscanf(line, "ended %ld %ld", &e.pid, &e.number) == 2) play.ended[play.endeds++] = e;
  else if (sscanf(line, "lost %ld %ld", &play.lost_at, &play.lost_code) == 2) return;
  else if (sscanf(line, "step %ld %ld", &play.step, &play.end) == 2) return;
  else if (sscanf(line, "accounting %ld", &play.kept) == 1) return;
  else if (sscanf(line, "energy %ld %ld", &play.energy, &play.energy_per_ms) == 2) return;
  else if (sscanf(line, "cpus %llx", &play.cpu[play.cpus]) == 1) play.cpus++;
  else if (sscanf(line, "pci %31s", play.pci) == 1 || sscanf(line, "live %4095s", play.live) == 1) return;
  else if (sscanf(line, "set %47s %ld", name, &number) == 2) {
    if (!strcmp(name, "baseline")) play.baseline = number;
    else if (!strcmp(name, "reserved")) play.reserved = number;
    else if (!strcmp(name, "hidden")) play.hidden = number;
    else if (!strcmp(name, "mig")) play.mig = number;
    else abort();
  } else if (line[0] != '\n' && line[0] != '#') {
    fprintf(stderr, "the NVML stub does not understand: %s", line);
    abort();
  }
}

int nvmlInitWithFlags(uint flags) {
  const char *path = getenv("NVML_STUB_SCRIPT");
  FILE *script = path ? fopen(path, "r") : NULL;
  char line[8192];
  (void)flags;
  memset(&play, 0, sizeof play);
  play.lost_at = -1;
  readings = 0;
  clock_gettime(CLOCK_MONOTONIC, &began);
  if (!script) return 9; /* NVML_ERROR_DRIVER_NOT_LOADED */
  while (fgets(line, sizeof line, script)) read_line(line);
  fclose(script);
  return OK;
}

int nvmlShutdown(void) { return OK; }

const char *nvmlErrorString(int code) { return code == 10 ? "Timeout" : "an error of the stub"; }

/* What the script says of this call: a failure, the end of the device, or nothing. */
static int scripted(const char *function) {
  if (play.lost_at >= 0 && stub_now_ms() >= play.lost_at) return (int)play.lost_code;
  for (int n = 0; n < play.fails; n++)
    if (!strcmp(play.fail[n].name, function) && within(&play.fail[n])) return (int)play.fail[n].number;
  return OK;
}
#define SCRIPTED do { int code = scripted(__func__); if (code) return code; } while (0)

static long value(const char *name, long otherwise) {
  for (int n = 0; n < play.values; n++)
    if (!strcmp(play.value[n].name, name) && within(&play.value[n])) return play.value[n].number;
  return otherwise;
}

static seen_t *seen_as(seen_t *seen, int *count, uint pid) {
  for (int n = 0; n < *count; n++)
    if (seen[n].pid == pid) return &seen[n];
  seen[*count] = (seen_t){.pid = pid};
  return &seen[(*count)++];
}

static void add_live(seen_t *seen, int *count) {
  DIR *folder = play.live[0] ? opendir(play.live) : NULL;
  for (struct dirent *entry; folder && (entry = readdir(folder));) {
    char path[8192];
    seen_t one = {.pid = (uint)atoi(entry->d_name)};
    snprintf(path, sizeof path, "%s/%s", play.live, entry->d_name);
    FILE *file = one.pid ? fopen(path, "r") : NULL;
    if (file && fscanf(file, "%ld %ld", &one.bytes, &one.peak) == 2) {
      one.start = one.pid;
      one.there = kill((pid_t)one.pid, 0) == 0 && one.bytes > 0;
      seen[(*count)++] = one;
    }
    if (file) fclose(file);
  }
  if (folder) closedir(folder);
}

/* Every process that has been there until now, ended ones included. */
static int look(seen_t *seen) {
  int count = 0;
  long now = stub_now_ms();
  for (int n = 0; n < play.processes; n++) {
    entry_t *e = &play.process[n];
    if (e->from > now) continue;
    seen_t *one = seen_as(seen, &count, (uint)e->pid);
    one->start = one->start ? one->start : (ull)(1000000 + e->from);
    one->peak = e->number > one->peak ? e->number : one->peak;
    if (within(e)) one->there = 1, one->bytes = e->number, one->draws = e->draws;
  }
  add_live(seen, &count);
  return count;
}

static ull used_now(void) {
  seen_t seen[MOST];
  ull used = (ull)play.baseline;
  for (int count = look(seen), n = 0; n < count; n++)
    if (seen[n].there && seen[n].bytes > 0) used += (ull)seen[n].bytes;
  for (int n = 0; n < play.extras; n++)
    if (within(&play.extra[n])) used += (ull)play.extra[n].number;
  return used;
}

static int list(int draws, uint *count, process_t *out) {
  seen_t seen[MOST];
  uint found = 0, room = *count;
  for (int total = look(seen), n = 0; n < total && !play.hidden; n++) {
    if (!seen[n].there || (seen[n].draws != draws && seen[n].draws != 2)) continue;
    if (out && found < room)
      out[found] = (process_t){seen[n].pid, seen[n].bytes < 0 ? NOT_TOLD : (ull)seen[n].bytes, 0, 0};
    found++;
  }
  *count = found;
  return found > room ? TOO_SMALL : OK;
}

int nvmlSystemGetDriverVersion(char *text, uint room) { return snprintf(text, room, "570.00.stub") < 0; }
int nvmlDeviceGetCount_v2(uint *count) { *count = 1; return OK; }
int nvmlDeviceGetHandleByIndex_v2(uint index, device_t *device) { *device = whole; return index ? NOT_FOUND : OK; }

int nvmlDeviceGetHandleByUUID(const char *uuid, device_t *device) {
  SCRIPTED;
  *device = play.mig ? part : whole;
  return strncmp(uuid, play.mig ? "MIG-" : "GPU-stub", 4) ? NOT_FOUND : OK;
}

int nvmlDeviceGetUUID(device_t device, char *text, uint room) { return snprintf(text, room, device == part ? "MIG-1" : "GPU-stub") < 0; }
int nvmlDeviceGetName(device_t device, char *text, uint room) { (void)device; return snprintf(text, room, "NVIDIA Stub") < 0; }
int nvmlDeviceIsMigDeviceHandle(device_t device, uint *is) { *is = device == part; return OK; }
int nvmlDeviceGetDeviceHandleFromMigDeviceHandle(device_t device, device_t *parent) { (void)device; *parent = whole; return OK; }

int nvmlDeviceGetMemoryInfo_v2(device_t device, memory_v2_t *info) {
  (void)device;
  if (info->version != 0x02000028) return 25; /* NVML_ERROR_ARGUMENT_VERSION_MISMATCH */
  pthread_mutex_lock(&lock);
  readings++;
  pthread_mutex_unlock(&lock);
  SCRIPTED;
  info->total = 24ULL << 30, info->reserved = (ull)play.reserved, info->used = used_now();
  info->free = info->total - info->used - info->reserved;
  return OK;
}

int nvmlDeviceGetMemoryInfo(device_t device, memory_t *info) {
  (void)device;
  pthread_mutex_lock(&lock);
  readings++;
  pthread_mutex_unlock(&lock);
  SCRIPTED;
  info->total = 24ULL << 30, info->used = used_now() + (ull)play.reserved, info->free = info->total - info->used;
  return OK;
}

#define LISTS(function, draws) \
  int function(device_t device, uint *count, process_t *out) { (void)device; SCRIPTED; return list(draws, count, out); }
LISTS(nvmlDeviceGetComputeRunningProcesses_v2, 0)
LISTS(nvmlDeviceGetComputeRunningProcesses_v3, 0)
LISTS(nvmlDeviceGetGraphicsRunningProcesses_v2, 1)
LISTS(nvmlDeviceGetGraphicsRunningProcesses_v3, 1)

int nvmlDeviceGetAccountingMode(device_t device, uint *mode) {
  SCRIPTED;
  *mode = play.kept > 0;
  return device == part ? NOT_SUPPORTED : OK;
}

int nvmlDeviceSetAccountingMode(device_t device, uint mode) { (void)device, (void)mode; abort(); /* nobody may */ }
int nvmlDeviceGetAccountingBufferSize(device_t device, uint *size) { (void)device; *size = (uint)play.kept; return OK; }

/* The oldest are forgotten first: those that ended before, then in the order of the script. */
static int accounts(seen_t *all) {
  int count = 0, forgotten;
  for (int n = 0; n < play.endeds; n++)
    all[count++] = (seen_t){.pid = (uint)play.ended[n].pid, .peak = play.ended[n].number, .start = 1};
  count += look(all + count);
  forgotten = count > play.kept ? count - (int)play.kept : 0;
  memmove(all, all + forgotten, sizeof *all * (size_t)(count - forgotten));
  return count - forgotten;
}

int nvmlDeviceGetAccountingPids(device_t device, uint *count, uint *pids) {
  seen_t all[2 * MOST];
  int found = accounts(all);
  (void)device;
  SCRIPTED;
  if (found > (int)*count) return TOO_SMALL;
  for (int n = 0; n < found; n++) pids[n] = all[n].pid;
  *count = (uint)found;
  return OK;
}

int nvmlDeviceGetAccountingStats(device_t device, uint pid, accounting_t *stats) {
  seen_t all[2 * MOST];
  (void)device;
  SCRIPTED;
  for (int n = accounts(all) - 1; n >= 0; n--) /* of two with one id, the latest */
    if (all[n].pid == pid) {
      *stats = (accounting_t){.peak = (ull)all[n].peak, .start = all[n].start, .running = (uint)all[n].there};
      return OK;
    }
  return NOT_FOUND;
}

int nvmlDeviceGetUtilizationRates(device_t device, utilization_t *rates) {
  SCRIPTED;
  *rates = (utilization_t){(uint)value("busy", 0), 0};
  return device == part ? NOT_SUPPORTED : OK;
}

int nvmlDeviceGetTotalEnergyConsumption(device_t device, ull *mj) {
  (void)device;
  SCRIPTED;
  *mj = (ull)(play.energy + play.energy_per_ms * stub_now_ms());
  return play.energy_per_ms ? OK : NOT_SUPPORTED;
}

#define TELLS(function, type, name, otherwise) \
  int function(device_t device, type *out) { SCRIPTED; *out = (type)value(name, otherwise); return device == part ? NOT_SUPPORTED : OK; }
TELLS(nvmlDeviceGetPowerUsage, uint, "power", 50000)
TELLS(nvmlDeviceGetCurrentClocksEventReasons, ull, "reasons", 1)
TELLS(nvmlDeviceGetCurrentClocksThrottleReasons, ull, "reasons", 1)

int nvmlDeviceGetClockInfo(device_t device, uint type, uint *mhz) {
  SCRIPTED;
  *mhz = (uint)value("clock", 1500);
  return device == part || type != 1 ? INVALID : OK;
}

int nvmlDeviceGetCpuAffinity(device_t device, uint words, ull *mask) {
  (void)device;
  SCRIPTED;
  for (uint n = 0; n < words; n++) mask[n] = n < (uint)play.cpus ? play.cpu[n] : 0;
  return play.cpus ? OK : NOT_SUPPORTED;
}

int nvmlDeviceGetPciInfo_v3(device_t device, pci_t *info) {
  (void)device;
  SCRIPTED;
  strcpy(info->bus_id, play.pci);
  return play.pci[0] ? OK : NOT_SUPPORTED;
}

int nvmlEventSetCreate(void **set) { *set = whole; return OK; }
int nvmlEventSetFree(void *set) { (void)set; return OK; }
int nvmlDeviceRegisterEvents(device_t device, ull types, void *set) { (void)device, (void)set; return types == 8 ? OK : INVALID; }

int nvmlEventSetWait_v2(void *set, event_t *event, uint timeout_ms) {
  (void)set, (void)timeout_ms;
  if (play.xids_told >= play.xids || play.xid[play.xids_told].from > stub_now_ms()) return TIMEOUT;
  *event = (event_t){whole, 8, (ull)play.xid[play.xids_told++].number, 0, 0};
  return OK;
}
