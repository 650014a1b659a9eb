import Glibc
import ManifestKit
import SQLiteStore
import ServiceSettings

/// Looks whether a panel has what it needs, beside one that runs or without one.
enum PanelDoctor {
    /// Says what is found.
    ///
    /// - Throws: ``StartupProblem`` where something keeps the panel from its work.
    static func examine(_ configuration: PanelConfiguration, _ settings: Settings) async throws {
        var doctor = Doctor()
        doctor.examineNames(of: settings)
        doctor.look {
            try OpenFiles.require(Panel.ownFiles)
            return "\(OpenFiles.limit) files may be open, \(Panel.clientCount) of them clients of the panel"
        }
        examineRecord(configuration.databasePath, &doctor)
        examineApplications(configuration.installersFolder, &doctor)
        await doctor.examineRedis(at: configuration.redis, prefix: configuration.redisPrefix)
        try doctor.finish()
    }

    private static func examineRecord(_ path: String, _ doctor: inout Doctor) {
        guard access(path, F_OK) == 0 else {
            return doctor.advise(
                "PANEL_DATABASE: '\(path)' is not there; the panel makes a new record when it starts")
        }
        do throws(StoreError) {
            let verdict = try SQLiteJobStore.auditVerdict(of: path)
            guard let number = verdict.firstBreak else {
                return doctor.good(
                    "PANEL_DATABASE: '\(path)', its audit trail of \(verdict.lines) lines is whole")
            }
            doctor.fault(
                "PANEL_DATABASE: the audit trail of '\(path)' was tampered with, from line \(number)")
        } catch {
            doctor.fault("PANEL_DATABASE: \(error.message)")
        }
    }

    private static func examineApplications(_ folder: String, _ doctor: inout Doctor) {
        do {
            let catalog = try Catalog(folder: folder)
            for finding in catalog.diagnostics where finding.isError { doctor.advise("\(finding)") }
            let text = "PANEL_INSTALLERS: \(catalog.entries.count) applications in '\(folder)'"
            if catalog.entries.isEmpty {
                doctor.advise("\(text): there is nothing to install")
            } else {
                doctor.good(text)
            }
        } catch {
            doctor.fault("\(error)")
        }
    }
}
