// The floors of a job, in one run: FOLDER SCRIPT REDIS_SOCKET CGROUP. Prints `name value` lines; times in microseconds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char **environ;
enum { ROUNDS = 400, LOOP_SECONDS = 2, SLOTS = 8 };

static double now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static void need(int holds, const char *what) {
    if (holds) return;
    perror(what);
    exit(1);
}

static int ascending(const void *left, const void *right) {
    double difference = *(const double *)left - *(const double *)right;
    return (difference > 0) - (difference < 0);
}

/// The median of single rounds.
static double median(void (*round)(void *), void *argument) {
    static double times[ROUNDS];
    for (int each = 0; each < ROUNDS; each++) {
        double start = now();
        round(argument);
        times[each] = now() - start;
    }
    qsort(times, ROUNDS, sizeof times[0], ascending);
    return times[ROUNDS / 2];
}

static pid_t start(const char *script) {
    char *arguments[] = {"/bin/bash", "-p", (char *)script, NULL};
    pid_t process;
    need(posix_spawn(&process, arguments[0], NULL, NULL, arguments, environ) == 0, "posix_spawn");
    return process;
}

static void run(void *script) {
    int status;
    need(waitpid(start(script), &status, 0) > 0 && status == 0, "the script");
}

/// Scripts ended in a second while so many run at a time.
static double rate(pid_t (*start)(const char *), const char *script, int slots) {
    double begin = now(), end = begin + LOOP_SECONDS * 1e6;
    int count = 0, running = 0, status;
    while (now() < end) {
        for (; running < slots; running++) start(script);
        need(wait(&status) > 0 && status == 0, "the script");
        running--, count++;
    }
    double spent = now() - begin;
    for (; running > 0; running--) wait(&status);
    return count / (spent / 1e6);
}

// An attempt as it has to be, and nothing beside: a process of its own that outlives who started it, holds a lock, has
// the script in a cgroup, at a gate until its beginning is on the disk, keeps the output, sees the group empty and
// puts the result on the disk. No keys, no inputs, no masking, no deadline.
static const char *attempts, *groups;

static int durable(const char *folder, const char *name, const char *text) {
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    int file = open(path, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
    need(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text) && fsync(file) == 0, path);
    return file;
}

/// A fork right into the group: to write the number into `cgroup.procs` costs the kernel a grace period.
static pid_t fork_into(const char *group) {
    int folder = open(group, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct clone_args into = {.flags = CLONE_INTO_CGROUP, .exit_signal = SIGCHLD, .cgroup = folder};
    pid_t child = syscall(SYS_clone3, &into, sizeof into);
    if (child != 0) close(folder);
    return child;
}

static void supervise(const char *folder, const char *group, const char *script) {
    char bytes[4096], path[4096], other[4096];
    int gate[2], output[2], status;
    setsid();
    snprintf(path, sizeof path, "%s/lock", folder);
    int lock = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    need(lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0, path);
    need(mkdir(group, 0700) == 0 && pipe2(gate, O_CLOEXEC) == 0 && pipe2(output, O_CLOEXEC) == 0, group);
    pid_t child = fork_into(group);
    if (child == 0) {
        setsid();
        if (read(gate[0], bytes, 1) != 1) _exit(126);
        dup2(output[1], 1);
        dup2(output[1], 2);
        execl("/bin/bash", "/bin/bash", "-p", script, (char *)NULL);
        _exit(127);
    }
    need(child > 0, "fork");
    close(output[1]);
    close(durable(folder, "began", "began"));
    need(write(gate[1], "g", 1) == 1, "gate");
    snprintf(path, sizeof path, "%s/log", folder);
    int log = open(path, O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);
    for (ssize_t count; (count = read(output[0], bytes, sizeof bytes)) > 0;)
        need(write(log, bytes, count) == count, path);
    need(waitpid(child, &status, 0) == child && status == 0, "the script");
    snprintf(path, sizeof path, "%s/cgroup.events", group);
    int events = open(path, O_RDONLY | O_CLOEXEC);
    for (;;) {
        ssize_t count = pread(events, bytes, sizeof bytes - 1, 0);
        need(count > 0, path);
        bytes[count] = 0;
        if (strstr(bytes, "populated 0")) break;
        struct pollfd change = {.fd = events, .events = POLLPRI};
        poll(&change, 1, 100);
    }
    need(rmdir(group) == 0, group);
    close(durable(folder, "result.new", "result"));
    snprintf(path, sizeof path, "%s/result.new", folder);
    snprintf(other, sizeof other, "%s/result", folder);
    need(rename(path, other) == 0, other);
    for (const char *const *name = (const char *[]){"lock", "began", "log", "result", NULL}; *name; name++) {
        snprintf(path, sizeof path, "%s/%s", folder, *name);
        unlink(path);
    }
    rmdir(folder);
    _exit(0);
}

static pid_t attempt(const char *script) {
    static int number;
    char folder[2048], group[2048];
    snprintf(folder, sizeof folder, "%s/attempt-%d", attempts, ++number);
    snprintf(group, sizeof group, "%s/floor-%d-%d", groups, getpid(), number);
    need(mkdir(folder, 0700) == 0, folder);
    pid_t supervisor = fork();
    if (supervisor == 0) supervise(folder, group, script);
    need(supervisor > 0, "fork");
    return supervisor;
}

static void attend(void *script) {
    int status;
    need(waitpid(attempt(script), &status, 0) > 0 && status == 0, "the attempt");
}

static void append(void *file) {
    static char block[4096];
    need(write(*(int *)file, block, sizeof block) == sizeof block && fdatasync(*(int *)file) == 0, "append");
}

static void ping(void *socket) {
    static const char question[] = "*1\r\n$4\r\nPING\r\n";
    char answer[64];
    need(send(*(int *)socket, question, sizeof question - 1, 0) > 0, "send");
    need(recv(*(int *)socket, answer, sizeof answer, 0) == 7 && !memcmp(answer, "+PONG\r\n", 7), "PONG");
}

int main(int count, char **arguments) {
    need(count == 5, "usage: floors FOLDER SCRIPT REDIS_SOCKET CGROUP");
    attempts = arguments[1], groups = arguments[4];
    char path[4096];
    snprintf(path, sizeof path, "%s/append", arguments[1]);
    int file = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
    need(file >= 0, path);

    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, arguments[3], sizeof address.sun_path - 1);
    int redis = socket(AF_UNIX, SOCK_STREAM, 0);
    need(connect(redis, (struct sockaddr *)&address, sizeof address) == 0, arguments[3]);

    printf("write %f\n", median(append, &file));
    printf("trip %f\n", median(ping, &redis));
    printf("spawn %f\n", median(run, arguments[2]));
    printf("spawn_rate_1 %f\n", rate(start, arguments[2], 1));
    printf("spawn_rate_8 %f\n", rate(start, arguments[2], SLOTS));
    printf("attempt %f\n", median(attend, arguments[2]));
    printf("attempt_rate_8 %f\n", rate(attempt, arguments[2], SLOTS));
    unlink(path);
}
