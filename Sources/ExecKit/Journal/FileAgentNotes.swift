import Glibc
public import JobKit

/// Notes for the agent's next start, in a file beside its journal: in the system's memory as soon as they are saved.
public final class FileAgentNotes: CrashNotes {
    private static let name = "notes"
    private static let end = UInt8(ascii: "\n")

    private let folder: Directory
    private let file: Descriptor

    /// Opens the file in a folder, or makes it.
    public init(folder path: String) throws(ExecKitError) {
        folder = try Directory.ensured(path)
        file = try folder.open(Self.name, O_WRONLY | O_CREAT)
    }

    /// What was saved last; empty where nothing was.
    public func load() -> [UInt8] { Array((folder.read(Self.name) ?? []).prefix { $0 != Self.end }) }

    /// Puts these bytes, a line, in place of all others.
    public func save(_ bytes: [UInt8]) throws {
        // What a longer line leaves behind this one is not read.
        let line = bytes + [Self.end]
        guard pwrite(file.number, line, line.count, 0) == line.count else {
            throw ExecKitError.system("write", folder.path(of: Self.name))
        }
    }
}
