import Glibc
import TestSupport
import Testing
import ValidationKit

/// Keys that the real tool makes are taken, and what it cannot read is not.
@Suite("Public keys beside ssh-keygen", .timeLimit(.minutes(2))) struct PublicKeyTests {
    private let folder: TemporaryDirectory

    init() throws { folder = try TemporaryDirectory() }

    private func run(_ words: String...) async throws -> Int {
        let child = try ChildProcess(words, output: folder.path("output"), folder: folder.path)
        return try await eventually("the end of \(words[0])") { child.ending() }
    }

    @Test(arguments: [
        ("ed25519", "256"), ("rsa", "1024"), ("rsa", "2048"), ("rsa", "4096"), ("ecdsa", "256"),
        ("ecdsa", "384"),
        ("ecdsa", "521"),
    ])
    func takesWhatItMakes(_ type: String, _ bits: String) async throws {
        let key = folder.path("key")
        try #require(
            await run("ssh-keygen", "-q", "-t", type, "-b", bits, "-N", "", "-C", "me@host", "-f", key) == 0)
        let text = try Fixtures.read(key + ".pub").split(separator: "\n").joined()
        let validator = try validator("{name: a, type: ssh_public_key}")
        #expect(validator.validate(["a": .text(text)]).inputs != nil, "\(text)")
        // Every key with a byte of it changed is refused by us wherever ssh-keygen refuses it.
        let parts = text.split(separator: " ")
        let letters = Array(parts[1])
        for place in stride(from: 0, to: 40, by: 3) {
            var changed = letters
            changed[place] = changed[place] == "B" ? "C" : "B"
            let other = "\(parts[0]) \(String(changed)) me@host"
            let isTaken = validator.validate(["a": .text(other)]).inputs != nil
            try Fixtures.write(other + "\n", to: folder.path("changed.pub"))
            let isRead = try await run("ssh-keygen", "-l", "-f", folder.path("changed.pub")) == 0
            #expect(!isTaken || isRead, "\(place): \(other)")
        }
    }
}
