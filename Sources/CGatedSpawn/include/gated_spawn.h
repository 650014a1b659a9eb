#ifndef GATED_SPAWN_H
#define GATED_SPAWN_H

/// What a new process is to be: everything it does not name, it does not get.
struct gated_spawn {
    /// The program; found by this path only.
    const char *_Nonnull path;
    /// Its arguments and whole environment, each ended by NULL.
    char *_Nullable const *_Nonnull arguments;
    char *_Nullable const *_Nonnull environment;
    /// The working directory.
    const char *_Nonnull directory;
    /// The umask.
    unsigned int mask;
    /// What becomes its descriptors 0, 1 and 2; no other stays open.
    int input, output, error;
    /// Reading end of a pipe: nothing runs before one byte comes; its end means never. Or -1.
    int gate;
    /// A folder of cgroup v2 that the process is in from its first moment, or -1.
    int cgroup;
};

/// A process that was made.
struct gated_process {
    int pid;
    /// Readable once the process has ended.
    int descriptor;
    /// Ends empty once the program runs; holds an `int` errno where it never will.
    int report;
};

/// Makes the process in a session of its own; with a gate, held before its first instruction.
///
/// Returns 0, or an errno where no process was made.
int gated_start(const struct gated_spawn *_Nonnull order, struct gated_process *_Nonnull process);

/// Makes a copy of the calling process, which must have no other thread: 0 in the copy.
///
/// Returns the copy's number, or a negative errno where none was made.
int gated_fork(void);

/// Sends a signal to the process behind a descriptor; returns 0 or an errno.
int gated_signal(int descriptor, int number);

/// Hands a descriptor through a local socket; returns 0 or an errno.
int gated_hand(int socket, int descriptor);

/// The descriptor that was handed through a local socket, or -1 at the connection's end.
int gated_accept(int socket);

/// A descriptor for a living process, or -1 with errno.
int gated_open(int pid);

/// Has the disk keep so many bytes for a file, behind its end where the file system can; returns 0 or an errno.
int gated_reserve(int file, long size);

/// Keeps the calling process's memory out of core files and away from debuggers.
void gated_conceal(void);

/// Opens a folder in another one, and neither a link nor what is mounted there; -1 with errno, EXDEV for a mount.
int gated_enter(int folder, const char *name);

/// Takes what is mounted at that name away, with all that is mounted in it, here alone; whether that worked.
int gated_detach(int folder, const char *name);

/// Blocks TERM and USR1 and returns a descriptor that becomes readable with them, or -1 with errno.
int gated_termination(void);

/// The next signal that came to that descriptor, or 0.
int gated_heard(int termination);

#endif
