import Glibc
import JobKit
import ManifestKit
import OpenSSLCrypto
import ValidationKit

/// A private copy of an application's files, proven to be what an order names.
///
/// The repository's files are copied first and judged afterwards, so that the
/// bytes that were judged are the bytes that run: a change of the repository
/// between the two has no effect.
struct ApplicationCopy: Sendable {
    /// The application as copied.
    let application: Application

    private static let maximumFileSize = 16 << 20
    private static let maximumFiles = 1000
    private static let maximumDepth = 8

    /// Copies the order's application into the empty `folder`, and compares its digest.
    init(of order: JobOrder, repository: String, into folder: Directory) throws(Refusal) {
        guard let id = ManifestID(order.application) else {
            throw Refusal(.notListed, "'\(order.application)' is no application's id")
        }
        var files = 0
        do {
            let root = try ManifestKit.Folder(path: repository)
            let copy = try folder.makeDirectory(id.description)
            try Self.copy(try root.folder(named: id.description), into: copy, depth: 0, files: &files)
        } catch let error as FileError where error.code == .notFound {
            throw Refusal(.notListed, "the repository of this server holds no application '\(id)'")
        } catch let error as FileError {
            throw Refusal(.digestMismatch, "the files of '\(id)' are not as they should be: \(error)")
        } catch {
            throw Refusal(.policy, "the files of '\(id)' cannot be copied: \(error)")
        }
        let catalog = ApplicationCatalog.load(folder: folder.path)
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
        self.application = application
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
