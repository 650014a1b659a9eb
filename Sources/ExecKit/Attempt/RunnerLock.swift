import CGatedSpawn
import Glibc

/// The lock that says whether an attempt's runner lives, and who it is.
///
/// Two locks lie on one file. The first (`flock`) is taken by the agent before
/// the runner exists and handed down to it: there is no moment in which a
/// starting runner could be taken for a dead one. The second (`fcntl`) is taken
/// by the runner itself, and the kernel tells its holder's number, so that no
/// file's content decides who is signalled.
struct RunnerLock: Sendable {
    let file: Descriptor

    /// Whether the lock's file can still be had; it cannot where the folder was removed.
    static func exists(in folder: Directory) -> Bool { (try? folder.open(AttemptFile.lock, O_RDWR)) != nil }

    /// Takes the first lock, or nil while a runner has it, or where the folder is gone.
    init?(taking folder: Directory) {
        guard let file = try? folder.open(AttemptFile.lock, O_RDWR),
            flock(file.number, LOCK_EX | LOCK_NB) == 0
        else { return nil }
        self.file = file
    }

    /// The first lock as the agent handed it down.
    init(inherited file: Descriptor) { self.file = file }

    /// Puts the runner's own number on the lock; whether that worked.
    func sign() -> Bool {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(file.number, F_SETLK, &lock) == 0
    }

    /// A descriptor for the runner that holds the lock of `folder`, or nil.
    ///
    /// The number is asked for twice: while the lock has the same holder before
    /// and after, the number was not used again in between.
    static func holder(of folder: Directory) -> Descriptor? {
        guard let file = try? folder.open(AttemptFile.lock, O_RDWR), let first = signer(of: file) else {
            return nil
        }
        let number = Descriptor.opened { gated_open(first) }
        guard number >= 0 else { return nil }
        let process = Descriptor(owning: number)
        return signer(of: file) == first ? process : nil
    }

    /// Sends a signal to the runner of `folder`, and to nobody else; whether there was one.
    @discardableResult
    static func signal(_ number: Int32, holderOf folder: Directory) -> Bool {
        guard let runner = holder(of: folder) else { return false }
        return gated_signal(runner.number, number) == 0
    }

    /// The number of the process that has signed the lock of a file.
    static func signer(of file: Descriptor) -> pid_t? {
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        guard fcntl(file.number, F_GETLK, &lock) == 0, lock.l_type == Int16(F_WRLCK), lock.l_pid > 0 else {
            return nil
        }
        return lock.l_pid
    }
}
