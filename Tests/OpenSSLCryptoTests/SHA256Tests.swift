import OpenSSLCrypto
import Testing

@Suite("SHA-256") struct SHA256Tests {
    /// A row of FIPS 180-4's examples.
    struct Example: Sendable, CustomTestStringConvertible {
        let message: [UInt8]
        let digest: String
        var testDescription: String { "\(message.count) bytes" }
    }

    static let examples = [
        Example(message: [], digest: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        Example(
            message: Array("abc".utf8),
            digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        Example(
            message: Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8),
            digest: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"),
        Example(
            message: [UInt8](repeating: UInt8(ascii: "a"), count: 1_000_000),
            digest: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
    ]

    @Test(arguments: examples) func agreesWithTheStandard(_ example: Example) {
        #expect(Hex.encode(SHA256.digest(example.message)) == example.digest)
    }

    @Test(arguments: examples, [1, 63, 64, 65, 4096])
    func doesNotDependOnTheCutsBetweenUpdates(_ example: Example, step: Int) {
        var digest = SHA256()
        for start in stride(from: 0, to: example.message.count, by: step) {
            digest.update(Array(example.message[start..<min(start + step, example.message.count)]))
        }
        let bytes = digest.finalize()
        #expect(Hex.encode(bytes) == example.digest)
    }

    @Test func goesOnAfterADigest() {
        var digest = SHA256()
        digest.update(Array("ab".utf8))
        let early = digest.finalize()
        digest.update(Array("c".utf8))
        let late = digest.finalize()
        #expect(early == SHA256.digest(Array("ab".utf8)))
        #expect(late == SHA256.digest(Array("abc".utf8)))
    }
}
