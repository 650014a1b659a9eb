import Glibc

extension ProcessAttemptHost {
    /// Makes a cgroup as an attempt gets one, and takes it away again; blocks.
    ///
    /// - Returns: the folder that the groups of attempts are made in.
    package static func tryControlGroup() throws(ExecKitError) -> String {
        let place = try ControlGroupPlace.own().path
        let group = try ControlGroup.make("\(place)/provision-doctor-\(getpid())")
        guard group.remove() else { throw .system("remove cgroup", group.folder.path) }
        return place
    }

    /// Looks for the shell that runs scripts.
    ///
    /// - Returns: its path.
    package static func findShell() throws(ExecKitError) -> String {
        guard access(JobExaminer.shell, X_OK) == 0 else { throw .system("execute", JobExaminer.shell) }
        return JobExaminer.shell
    }
}
