import Glibc

extension SQLiteJobStore {
    /// What is at a record's place.
    package enum Place: Sendable {
        /// Nothing, or an empty file; the panel can make a record there.
        case free
        /// A file.
        case taken
        /// A file, of another user than its folder.
        case takenByAnother
    }

    /// Looks at a record's place, beside a panel or without; writes nothing.
    ///
    /// - Important: Not for the process that has the record open: closing the file
    ///   here would drop SQLite's locks.
    /// - Throws: ``StoreError`` where the panel could not open the place.
    package static func place(of path: String) throws(StoreError) -> Place {
        try StoreFile.requireRegular(path)
        // As the panel opens it, which follows no link; a pipe would hold the open up.
        let descriptor = open(path, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        if descriptor >= 0 {
            Glibc.close(descriptor)
        } else if errno != ENOENT {
            throw .system("cannot open '\(path)'")
        }
        let folder = StoreFile.folder(of: path)
        guard access(folder, W_OK | X_OK) == 0 else {
            throw .system("nothing can be written into '\(folder)'")
        }
        guard try StoreFile.size(of: path) == 0 else {
            return StoreFile.haveOneOwner(path, folder) ? .taken : .takenByAnother
        }
        let lock = path + ".lock"
        guard try StoreFile.size(of: lock) == 0 else { throw StoreDatabase.lost(path, lock: lock) }
        return .free
    }
}
