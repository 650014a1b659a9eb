import JobKit
import ManifestKit
import OpenSSLCrypto
import Synchronization
import ValidationKit

/// Private copies of applications' files, each proven to be what an order names.
///
/// The repository's files are copied first and judged afterwards, so that the
/// bytes that were judged are the bytes that run: a change of the repository
/// between the two has no effect. A copy is kept for the next order of the same
/// content. It serves that one only if the repository and the copy itself have
/// that content still; else it is made anew.
final class ApplicationCopies: Sendable {
    private struct Kept: Sendable {
        let digest: String
        let application: Application
    }

    private static let maximumFileSize = 16 << 20
    private static let maximumFiles = 1000
    private static let maximumDepth = 8

    private let repository: String
    private let places: String
    private let kept = Mutex<[ManifestID: Kept]>([:])

    /// - Parameters:
    ///   - repository: The folder with a folder for each application.
    ///   - places: The folder of the copies, which is made where it is missing.
    init(of repository: String, in places: String) {
        self.repository = repository
        self.places = places
    }

    /// The order's application, as copied.
    func application(of order: JobOrder) throws(Refusal) -> Application {
        guard let id = ManifestID(order.application) else {
            throw Refusal(.notListed, "'\(order.application)' is no application's id")
        }
        return try kept.withLock { kept throws(Refusal) in
            if let last = kept[id], last.digest == order.contentDigest, isAsItWas(last) {
                return last.application
            }
            kept[id] = nil
            let application = try makeCopy(of: id, for: order)
            kept[id] = Kept(digest: order.contentDigest, application: application)
            return application
        }
    }

    private func isAsItWas(_ last: Kept) -> Bool {
        let own = last.application.installer.folderPath
        return ["\(repository)/\(last.application.id)", own].allSatisfy { path in
            guard let folder = try? ManifestKit.Folder(path: path),
                let input = try? Installer.contentDigestInput(of: folder)
            else { return false }
            return Hex.encode(SHA256.digest(input)) == last.digest
        }
    }

    private func makeCopy(of id: ManifestID, for order: JobOrder) throws(Refusal) -> Application {
        let name = id.description
        let all: Directory
        let place: Directory
        do {
            all = try Directory.ensured(places)
            all.removeTree(name)
            place = try all.makeDirectory(name)
        } catch {
            throw Refusal(.policy, "the files of '\(id)' cannot be copied: \(error)")
        }
        do throws(Refusal) {
            try copy(id, into: place)
            return try Self.judged(id, place, order)
        } catch {
            all.removeTree(name)
            throw error
        }
    }

    private func copy(_ id: ManifestID, into place: Directory) throws(Refusal) {
        var files = 0
        do {
            let root = try ManifestKit.Folder(path: repository)
            let copy = try place.makeDirectory(id.description)
            try Self.copy(try root.folder(named: id.description), into: copy, depth: 0, files: &files)
        } catch let error as FileError where error.code == .notFound {
            throw Refusal(.notListed, "the repository of this server holds no application '\(id)'")
        } catch let error as FileError {
            throw Refusal(.digestMismatch, "the files of '\(id)' are not as they should be: \(error)")
        } catch {
            throw Refusal(.policy, "the files of '\(id)' cannot be copied: \(error)")
        }
    }

    private static func judged(
        _ id: ManifestID, _ place: Directory, _ order: JobOrder
    ) throws(Refusal) -> Application {
        let catalog = ApplicationCatalog.load(folder: place.path)
        guard let application = catalog.application(id) else {
            let reason =
                catalog.diagnostics.first { $0.severity == .error }?.message ?? "it holds no manifest"
            throw Refusal(.notListed, "the application '\(id)' of this server is not valid: \(reason)")
        }
        guard let input = try? application.installer.contentDigestInput(),
            Hex.encode(SHA256.digest(input)) == order.contentDigest
        else {
            throw Refusal(
                .digestMismatch, "the files of '\(id)' on this server are not the ones the panel named")
        }
        return application
    }

    private static func copy(
        _ source: ManifestKit.Folder, into target: Directory, depth: Int, files: inout Int
    ) throws {
        guard depth < maximumDepth else { throw FileError(.tooLarge, path: source.path, "lies too deep") }
        for name in try source.names() {
            switch try source.status(of: name).kind {
            case .regular:
                files += 1
                guard files <= maximumFiles else {
                    throw FileError(.tooLarge, path: source.path, "has too many files")
                }
                let (bytes, status) = try source.read(name, atMost: maximumFileSize)
                try target.create(name, bytes, mode: status.mode)
            case .folder:
                let below = try target.makeDirectory(name)
                try copy(try source.folder(named: name), into: below, depth: depth + 1, files: &files)
            case .link: throw FileError(.link, path: source.path + "/" + name, "is a link")
            case .other: throw FileError(.notRegular, path: source.path + "/" + name, "is not a regular file")
            }
        }
    }
}
