#define _GNU_SOURCE
#include "gated_spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL
#endif
#ifndef SYS_close_range
#define SYS_close_range 436
#endif

/// Closes every descriptor from `first` on; the loop is for kernels before 5.9.
static void close_from(int first) {
    if (syscall(SYS_close_range, first, ~0U, 0) == 0) return;
    struct rlimit limit;
    int end = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < 1 << 20 ? (int)limit.rlim_cur : 1 << 20;
    for (int each = first; each < end; each++) close(each);
}

/// Moves a descriptor out of the way of the low numbers that are given out below.
static int lift(int descriptor) { return descriptor < 0 ? -1 : fcntl(descriptor, F_DUPFD_CLOEXEC, 16); }

/// The child's side. Async-signal-safe calls only: other threads of the parent may have held locks.
static _Noreturn void become(const struct gated_spawn *order, int report) {
    setsid();
    // By the kernel's own call: glibc's leaves out the two signals it uses itself.
    const long normal[8] = {0};
    for (int number = 1; number < NSIG; number++) syscall(SYS_rt_sigaction, number, normal, NULL, 8);

    int standard[] = {lift(order->input), lift(order->output), lift(order->error)};
    int gate = lift(order->gate), next = 0;
    report = lift(report);
    for (; next < 3; next++) {
        if (dup2(standard[next], next) < 0) goto failed;
    }
    if (dup3(report, next, O_CLOEXEC) < 0) goto failed;
    report = next++;
    if (gate >= 0) {
        if (dup3(gate, next, O_CLOEXEC) < 0) goto failed;
        gate = next++;
    }
    close_from(next);

    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    umask(order->mask);
    if (chdir(order->directory) < 0) goto failed;

    sigset_t all_open;
    sigemptyset(&all_open);
    sigprocmask(SIG_SETMASK, &all_open, NULL);
    if (gate >= 0) {
        char byte;
        ssize_t count;
        do count = read(gate, &byte, 1);
        while (count < 0 && errno == EINTR);
        if (count != 1) _exit(126);
    }
    execve(order->path, order->arguments, order->environment);
failed:;
    int reason = errno;
    ssize_t written = write(report, &reason, sizeof reason);
    _exit(written > 0 && reason == ENOENT ? 127 : 126);
}

/// Kernels before 5.7, and sandboxes that forbid clone3: born outside, moved in behind the gate.
static pid_t fork_and_move(const struct gated_spawn *order, int report, int *descriptor) {
    pid_t pid = fork();
    if (pid == 0) become(order, report);
    if (pid < 0) return -1;
    *descriptor = gated_open(pid);
    int failure = *descriptor < 0 ? errno : 0;
    if (!failure && order->cgroup >= 0) {
        int members = openat(order->cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);
        if (members < 0 || dprintf(members, "%d", pid) < 0) failure = errno;
        if (members >= 0) close(members);
    }
    if (!failure) return pid;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    if (*descriptor >= 0) close(*descriptor);
    errno = failure;
    return -1;
}

int gated_start(const struct gated_spawn *order, struct gated_process *process) {
    // Without a gate a process could run outside its cgroup for a moment.
    if (order->cgroup >= 0 && order->gate < 0) return EINVAL;
    int report[2];
    if (pipe2(report, O_CLOEXEC) < 0) return errno;

    // No signal may find the child with the parent's handlers.
    sigset_t every, before;
    sigfillset(&every);
    pthread_sigmask(SIG_SETMASK, &every, &before);

    // clone3 puts the child into its cgroup at birth: moving it there later waited 10 ms on an idle host.
    int descriptor = -1;
    struct clone_args clone = {
        .flags = CLONE_PIDFD | (order->cgroup >= 0 ? CLONE_INTO_CGROUP : 0),
        .pidfd = (__u64)(uintptr_t)&descriptor,
        .exit_signal = SIGCHLD,
        .cgroup = order->cgroup >= 0 ? (__u64)order->cgroup : 0,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &clone, sizeof clone);
    if (pid == 0) become(order, report[1]);
    if (pid < 0 && errno != EAGAIN && errno != ENOMEM) pid = fork_and_move(order, report[1], &descriptor);
    int failure = pid < 0 ? errno : 0;

    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(report[1]);
    if (failure) {
        close(report[0]);
        return failure;
    }
    *process = (struct gated_process){.pid = pid, .descriptor = descriptor, .report = report[0]};
    return 0;
}

int gated_fork(void) {
    int pid = fork();
    return pid < 0 ? -errno : pid;
}

int gated_signal(int descriptor, int number) {
    return syscall(SYS_pidfd_send_signal, descriptor, number, NULL, 0) == 0 ? 0 : errno;
}

int gated_open(int pid) { return (int)syscall(SYS_pidfd_open, pid, 0); }

/// A message of one byte that carries one descriptor.
union gated_control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr head;
};

int gated_hand(int socket, int descriptor) {
    char byte = 0;
    struct iovec content = {.iov_base = &byte, .iov_len = 1};
    union gated_control control = {.head = {
        .cmsg_len = CMSG_LEN(sizeof descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
    *(int *)CMSG_DATA(&control.head) = descriptor;
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
    return sendmsg(socket, &message, MSG_NOSIGNAL) == 1 ? 0 : errno;
}

int gated_accept(int socket) {
    char byte;
    struct iovec content = {.iov_base = &byte, .iov_len = 1};
    union gated_control control;
    struct msghdr message = {
        .msg_iov = &content, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control.bytes};
    ssize_t count;
    do count = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (count < 0 && errno == EINTR);
    struct cmsghdr *head = count == 1 ? CMSG_FIRSTHDR(&message) : NULL;
    return head && head->cmsg_type == SCM_RIGHTS ? *(int *)CMSG_DATA(head) : -1;
}

int gated_reserve(int file, long size) {
    if (fallocate(file, FALLOC_FL_KEEP_SIZE, 0, size) == 0) return 0;
    return errno == EOPNOTSUPP ? posix_fallocate(file, 0, size) : errno;
}

void gated_conceal(void) {
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/// The number of the mount that an open file lies on, or -1.
static int mount_of(int file) {
    char path[64], line[128];
    snprintf(path, sizeof path, "/proc/self/fdinfo/%d", file);
    FILE *info = fopen(path, "re");
    if (!info) return -1;
    int found = -1;
    while (fgets(line, sizeof line, info) && sscanf(line, "mnt_id: %d", &found) != 1) continue;
    fclose(info);
    return found;
}

int gated_enter(int folder, const char *name) {
    struct open_how how = {
        .flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
        .resolve = RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS,
    };
    int entered = (int)syscall(SYS_openat2, folder, name, &how, sizeof how);
    if (entered >= 0 || (errno != ENOSYS && errno != EPERM)) return entered;
    // Kernels before 5.6, and sandboxes.
    entered = openat(folder, name, (int)how.flags);
    if (entered < 0) return -1;
    int outside = mount_of(folder);
    if (outside >= 0 && outside == mount_of(entered)) return entered;
    close(entered);
    errno = EXDEV;
    return -1;
}

int gated_detach(int folder, const char *name) {
    int place = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (place < 0) return 0;
    char path[64];
    snprintf(path, sizeof path, "/proc/self/fd/%d", place);
    // A copy of the server's own mounts is its peer: what goes in a shared one would go there, too.
    int gone = mount(NULL, path, NULL, MS_REC | MS_PRIVATE, NULL) == 0 && umount2(path, MNT_DETACH) == 0;
    close(place);
    return gone;
}

int gated_termination(void) {
    sigset_t termination;
    sigemptyset(&termination);
    sigaddset(&termination, SIGTERM);
    sigaddset(&termination, SIGUSR1);
    sigprocmask(SIG_BLOCK, &termination, NULL);
    return signalfd(-1, &termination, SFD_CLOEXEC | SFD_NONBLOCK);
}

int gated_heard(int termination) {
    struct signalfd_siginfo heard;
    return read(termination, &heard, sizeof heard) == sizeof heard ? (int)heard.ssi_signo : 0;
}
