/// What a server says about itself, as far as manifests ask.
public struct HostFacts: Sendable, Hashable {
    /// `ID` of `/etc/os-release`: `debian`.
    public let osID: String
    /// `VERSION_ID`: `12`; nil for systems that never number their releases.
    public let versionID: String?
    /// The words of `ID_LIKE`: what the system is derived from, nearest first.
    public let idLike: [String]
    /// `VERSION_CODENAME`: `bookworm`.
    public let codename: String?
    /// The kernel's word for the processor: `x86_64`.
    public let architecture: String
    /// The memory that the system may use, in MiB; nil where nobody asked.
    public let memoryMiB: Int?
    /// The free disk of the root folder's file system, in MiB; nil where nobody asked.
    public var diskMiB: Int?
    /// The processors that are switched on; nil where nobody asked.
    public let processors: Int?

    /// Facts from their parts.
    public init(
        osID: String, versionID: String? = nil, idLike: [String] = [], codename: String? = nil,
        architecture: String, memoryMiB: Int? = nil, diskMiB: Int? = nil, processors: Int? = nil
    ) {
        self.osID = osID
        self.versionID = versionID
        self.idLike = idLike
        self.codename = codename
        self.architecture = architecture
        self.memoryMiB = memoryMiB
        self.diskMiB = diskMiB
        self.processors = processors
    }

    /// Facts from the text of `/etc/os-release`, the kernel's word for the processor, and what there is, in MiB.
    public init(
        osRelease text: String, architecture: String, memoryMiB: Int? = nil, diskMiB: Int? = nil,
        processors: Int? = nil
    ) {
        var values: [String: String] = [:]
        for line in text.split(whereSeparator: \.isNewline) {
            guard let sign = line.firstIndex(of: "="), line.first != "#" else { continue }
            values[String(line[..<sign]).trimmed] = Self.unquoted(line[line.index(after: sign)...])
        }
        func value(_ key: String) -> String? { values[key].flatMap { $0.isEmpty ? nil : $0 } }
        self.init(
            osID: value("ID")?.lowercased() ?? "linux", versionID: value("VERSION_ID"),
            idLike: (value("ID_LIKE") ?? "").lowercased().split(separator: " ").map(String.init),
            codename: value("VERSION_CODENAME"), architecture: architecture, memoryMiB: memoryMiB,
            diskMiB: diskMiB, processors: processors)
    }

    /// The value without the shell's quotes and backslashes.
    private static func unquoted(_ text: Substring) -> String {
        let text = String(text).trimmed
        guard let quote = text.first, quote == "\"" || quote == "'", text.count >= 2, text.last == quote
        else { return text }
        let inside = text.dropFirst().dropLast()
        guard quote == "\"" else { return String(inside) }
        var result = ""
        var isEscaped = false
        for character in inside {
            if character == "\\", !isEscaped {
                isEscaped = true
            } else {
                result.append(character)
                isEscaped = false
            }
        }
        return result
    }
}
