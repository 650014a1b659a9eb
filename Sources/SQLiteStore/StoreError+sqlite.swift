import GRDB

// The one place where SQLite's results get their codes.
extension StoreError {
    /// What is thrown for `error`: SQLite's own errors as a ``StoreError``, everything else as it is.
    static func translated(_ error: any Error) -> any Error {
        (error as? DatabaseError).map { StoreError($0) } ?? error
    }

    /// What is thrown for an error of a record that is open: another connection to it could not be opened, for now.
    static func passing(_ error: any Error) -> any Error {
        guard let error = translated(error) as? StoreError, error.code == .cannotOpen else {
            return translated(error)
        }
        return StoreError(
            .unavailable, "no further connection to the record could be opened: \(error.message)",
            underlying: error.underlying)
    }

    init(_ error: DatabaseError) {
        let (code, sentence) = Self.meaning(of: error)
        // SQLite's message names tables, columns and rules, never values; the arguments stay in the cause.
        let said = error.message.map { ": \($0)" } ?? ""
        self.init(code, "\(sentence) (SQLite \(error.extendedResultCode.rawValue)\(said))", underlying: error)
    }

    private static func meaning(of error: DatabaseError) -> (Code, String) {
        switch error.extendedResultCode {
        case .SQLITE_FULL, .SQLITE_IOERR_SHMSIZE: (.diskFull, "there is no room left for the record")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: (.damaged, "the record is damaged; restore it from a backup")
        case .SQLITE_IOERR: (.diskFailed, "the disk failed under the record")
        case .SQLITE_CONSTRAINT, .SQLITE_MISMATCH: (.refused, "a rule of the record refuses the change")
        case .SQLITE_CANTOPEN, .SQLITE_READONLY, .SQLITE_PERM, .SQLITE_AUTH:
            (.cannotOpen, "the record cannot be opened for writing")
        default: (.unavailable, "the record cannot be used at the moment")
        }
    }

    /// Whether nothing more may be written: after a failed sync the system may hold pages clean
    /// that never reached the disk, so that the next sync's success would mean nothing.
    var isLasting: Bool { code == .diskFailed || code == .damaged }
}
