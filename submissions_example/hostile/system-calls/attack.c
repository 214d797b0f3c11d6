/* Calls that need rights, with arguments that would succeed for root on a host; a call that does not fail is a breach. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int refused, breaches;
static char zeros[4096];

static void try(const char *name, long result) {
    if (result < 0) { refused++; return; }
    printf("BREACH call of %s\n", name);
    breaches++;
}

struct handle { unsigned bytes; int type; unsigned char value[8]; };

int main(int count, char **arguments) {
    struct handle root = {8, 1, {2}};
    struct { unsigned type, size; unsigned char rest[120]; } perf = {1, 128};
    try("bpf", syscall(SYS_bpf, 5, zeros, 120));
    perf.rest[40] = 0;
    try("perf_event_open of another process", syscall(SYS_perf_event_open, &perf, 1, -1, -1, 0));
    try("add_key", syscall(SYS_add_key, "user", "sonobench", "x", 1, -4));
    try("request_key", syscall(SYS_request_key, "user", "sonobench", 0, -4));
    try("keyctl", syscall(SYS_keyctl, 0, -5, 1));
    try("userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC));
    try("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, &root, O_RDONLY));
    try("io_uring_setup", syscall(425, 8, zeros));
    try("fsopen", syscall(430, "tmpfs", 0));
    try("open_tree", syscall(428, AT_FDCWD, "/", 1));
    try("move_mount", syscall(429, AT_FDCWD, "/tmp", AT_FDCWD, "/input", 0));
    try("mount_setattr", syscall(442, AT_FDCWD, "/input", 0, zeros, 32));
    try("mount", syscall(SYS_mount, "none", "/tmp", "tmpfs", 0, 0));
    try("umount", syscall(SYS_umount2, "/input", 2));
    try("pivot_root", syscall(SYS_pivot_root, "/", "/tmp"));
    try("setns", syscall(SYS_setns, open("/proc/1/ns/mnt", O_RDONLY), 0));
    try("unshare of users", syscall(SYS_unshare, 0x10000000));
    try("unshare of mounts", syscall(SYS_unshare, 0x00020000));
    try("clone of users", syscall(SYS_clone, 0x10000000 | 17, 0, 0, 0, 0));
    try("process_vm_readv", syscall(SYS_process_vm_readv, 1, zeros, 1, zeros, 1, 0));
    try("init_module", syscall(SYS_init_module, zeros, sizeof zeros, ""));
    try("finit_module", syscall(SYS_finit_module, 0, "", 0));
    try("delete_module", syscall(SYS_delete_module, "loop", 0));
    try("kexec_load", syscall(SYS_kexec_load, 0, 0, 0, 0));
    try("reboot", syscall(SYS_reboot, 0xfee1dead, 672274793, 0, 0));
    try("swapon", syscall(SYS_swapon, "/tmp/swap", 0));
    try("sethostname", syscall(SYS_sethostname, "other", 5));
    try("settimeofday", syscall(SYS_settimeofday, zeros, 0));
    try("clock_settime", syscall(SYS_clock_settime, 0, zeros));
    try("acct", syscall(SYS_acct, "/tmp/acct"));
    try("quotactl", syscall(SYS_quotactl, 0x80000700, "/dev/root", 0, zeros));
    try("iopl", syscall(SYS_iopl, 3));
    try("ioperm", syscall(SYS_ioperm, 0, 1, 1));
    try("syslog", syscall(SYS_syslog, 3, zeros, sizeof zeros));
    try("fanotify_init", syscall(SYS_fanotify_init, 0, 0));
    try("chroot", syscall(SYS_chroot, "/tmp"));
    try("setuid", syscall(SYS_setuid, 0));
    try("setgid", syscall(SYS_setgid, 0));
    try("setpriority", syscall(SYS_setpriority, 0, 0, -20));
    try("mknod", syscall(SYS_mknod, "/tmp/disk", 060666, 254 << 8));
    try("secret", syscall(SYS_open, arguments[1], O_RDONLY));
    printf("%d calls refused\n", refused);
    return breaches != 0;
}
