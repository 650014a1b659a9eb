// The floors of a job, in one run: FOLDER SCRIPT REDIS_SOCKET. Prints `name value` lines; times in microseconds.
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
static double rate(const char *script, int slots) {
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
    need(count == 4, "usage: floors FOLDER SCRIPT REDIS_SOCKET");
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
    printf("spawn_rate_1 %f\n", rate(arguments[2], 1));
    printf("spawn_rate_8 %f\n", rate(arguments[2], SLOTS));
    unlink(path);
}
