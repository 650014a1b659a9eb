package import Glibc
package import JobKit
import ManifestKit
import Testing
package import ValidationKit

/// Values that many tests begin with.
package enum Fixtures {
    package static let agent = AgentID("agent-001").unsafelyUnwrappedForTests
    package static let otherAgent = AgentID("agent-002").unsafelyUnwrappedForTests
    package static let time = Timestamp(milliseconds: 1_770_000_000_000)
    package static let moment = Moment(wall: time, boot: 1_000_000)
    package static let rootSecret = "a root secret that is long enough"
    package static let rootKey = RootKey(Array(rootSecret.utf8)).unsafelyUnwrappedForTests
    package static let keyring = Keyring(rootKey)
    package static let keys = keyring.keys(for: agent)
    package static let session = "00112233445566778899aabbccddeeff"

    /// A job's id, told apart by a number.
    package static func jobID(_ number: UInt8 = 1) -> JobID {
        JobID(at: time, random: [UInt8](repeating: number, count: 10))
    }

    /// A queued job, told apart by a number.
    package static func job(
        _ number: UInt8 = 1, isIdempotent: Bool = true, sealed: [String: SealedInput] = [:],
        createdAt: Timestamp = time
    ) -> JobRecord {
        JobRecord(
            id: jobID(number), agent: agent,
            application: ApplicationStamp(
                id: "nginx", revision: 1, contentDigest: String(repeating: "ab", count: 32),
                script: "install.sh"),
            action: "install", inputs: ["server_name": "example.com"], sealed: sealed, actor: "token:test",
            createdAt: createdAt, expiresAt: createdAt.advanced(bySeconds: 86_400),
            terms: JobTerms(timeoutSeconds: 600, isIdempotent: isIdempotent))
    }

    /// The order for a job's first attempt.
    package static func order(_ number: UInt8 = 1, expiresAt: Timestamp? = nil) -> JobOrder {
        JobOrder(
            attempt: AttemptID(job: jobID(number), number: 1), application: "nginx", revision: 1,
            contentDigest: String(repeating: "ab", count: 32), action: "install", script: "install.sh",
            inputs: ["server_name": "example.com"], sealed: [:], actor: "token:test", issuedAt: time,
            expiresAt: expiresAt ?? time.advanced(bySeconds: 3600), timeoutSeconds: 600, graceSeconds: 10)
    }

    /// Messages to the agent as a panel would send them: numbered, chained, signed.
    package static func downlinks(_ contents: [Downlink.Content]) -> [StreamEntry] {
        var head = ChainHead(genesis: .down, agent: agent, epoch: 1)
        return contents.enumerated().map { index, content in
            let position = StreamPosition(epoch: 1, number: index + 1)
            let envelope = Downlink(audience: agent, position: position, previous: head, content: content)
                .signed(with: keys[0])
            head = ChainHead(after: envelope.payload)
            return StreamEntry(position: position, bytes: envelope.bytes)
        }
    }

    /// A manifest with one input of several kinds, for tests of the exchange.
    package static let manifest = """
        id: demo
        name: Demo
        version: "1.0"
        description: An application for tests
        category: tests
        inputs:
          - name: server_name
            type: string
            label: Server name
            required: true
            validation:
              pattern: '^[a-z0-9.-]+$'
          - name: secret
            type: password
            label: Secret
            required: false
        install_script: install.sh
        timeout_seconds: 60
        idempotent: true
        """

    /// An application folder on disk, loaded as the panel and the agent load it.
    package static func application(
        in folder: String, id: String = "demo", manifest: String = manifest,
        script: String = "#!/bin/bash\nexit 0\n"
    ) throws -> Application {
        let home = "\(folder)/\(id)"
        mkdir(folder, 0o755)
        mkdir(home, 0o755)
        try write(manifest.replacing("id: demo", with: "id: \(id)"), to: "\(home)/manifest.yml")
        try write(script, to: "\(home)/install.sh", mode: 0o755)
        let catalog = ApplicationCatalog.load(folder: folder)
        return try #require(catalog.applications.first { $0.id.description == id }, "\(catalog.diagnostics)")
    }

    /// The text of a small file.
    package static func read(_ path: String) throws -> String {
        String(decoding: try bytes(path), as: UTF8.self)
    }

    /// The bytes of a small file.
    package static func bytes(_ path: String) throws -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        try #require(descriptor >= 0, "\(path) cannot be read: errno \(errno)")
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 {
            bytes += buffer[..<count]
        }
        return bytes
    }

    /// Writes a small text file.
    package static func write(_ text: String, to path: String, mode: mode_t = 0o644) throws {
        try write(Array(text.utf8), to: path, mode: mode)
    }

    /// Writes a small file.
    package static func write(_ bytes: [UInt8], to path: String, mode: mode_t = 0o644) throws {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        try #require(descriptor >= 0, "\(path) cannot be written: errno \(errno)")
        defer { close(descriptor) }
        try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
    }
}

extension Optional {
    /// The value of a literal that is known to be right; tests only.
    package var unsafelyUnwrappedForTests: Wrapped {
        guard let self else { preconditionFailure("a fixture is not what it should be") }
        return self
    }
}
