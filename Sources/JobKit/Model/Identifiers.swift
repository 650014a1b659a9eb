/// A job's name: 26 characters that sort by the time the job was accepted.
///
/// The form is a ULID in lower case: 48 bits of milliseconds, 80 random bits,
/// Crockford's base 32. It is safe as a file name and in a URL.
public struct JobID: Hashable, Sendable, CustomStringConvertible {
    /// The 26 characters.
    public let description: String

    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// The identifier if `text` is one, or nil.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.count == 26, bytes[0] <= UInt8(ascii: "7"), bytes.allSatisfy(Self.alphabet.contains)
        else { return nil }
        description = text
    }

    /// The identifier of a job accepted at `time`, made unique by ten random bytes.
    public init(at time: Timestamp, random: [UInt8]) {
        precondition(random.count == 10, "a job's identifier takes ten random bytes, not \(random.count)")
        var value = UInt128(UInt64(clamping: time.milliseconds) & 0xFFFF_FFFF_FFFF) << 80
        for (index, byte) in random.enumerated() { value |= UInt128(byte) << UInt128(72 - 8 * index) }
        let characters = (0..<26).reversed().map { Self.alphabet[Int((value >> UInt128($0 * 5)) & 31)] }
        description = String(decoding: characters, as: UTF8.self)
    }
}

/// An agent's name, which is also the server's: `agent-001`.
///
/// A letter or digit, then up to 62 letters, digits, dots, hyphens or
/// underscores; nothing that means something to a shell, a URL or Redis.
public struct AgentID: Hashable, Sendable, CustomStringConvertible {
    /// The name's text.
    public let description: String

    /// The name if `text` is one, or nil.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard let first = bytes.first, bytes.count <= 63, Self.isAlphanumeric(first),
            bytes.allSatisfy({ Self.isAlphanumeric($0) || ".-_".utf8.contains($0) })
        else { return nil }
        description = text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}

/// One try at a job: the job and the try's number, counted from 1.
public struct AttemptID: Hashable, Sendable, CustomStringConvertible {
    /// The job that is tried.
    public let job: JobID
    /// 1 for the first try.
    public let number: Int

    /// The attempt with that number.
    public init(job: JobID, number: Int) {
        self.job = job
        self.number = number
    }

    /// The attempt if `text` is `JOB-NUMBER`, or nil.
    public init?(_ text: String) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let job = JobID(String(parts[0])), let number = Int(parts[1]), number > 0,
            String(number) == parts[1]
        else { return nil }
        self.init(job: job, number: number)
    }

    /// `JOB-NUMBER`, safe as a file name.
    public var description: String { "\(job)-\(number)" }
}
