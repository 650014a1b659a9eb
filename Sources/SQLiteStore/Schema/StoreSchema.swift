import GRDB

/// The file's form, built up by numbered migrations.
///
/// A migration that was released never changes: its SQL is spelled out, so that
/// a new case of a Swift enum cannot alter it, and tests hold the two together.
enum StoreSchema {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("0.1.3") { connection in
            try connection.execute(sql: "PRAGMA application_id = \(StoreDatabase.applicationID)")
            try connection.execute(sql: tables1)
            try connection.execute(sql: triggers1)
        }
        return migrator
    }
}
