import OpenSSLCrypto
import Testing

@Suite("HMAC-SHA-256") struct HMACSHA256Tests {
    /// A test case of RFC 4231, named by its number.
    struct Case: Sendable, CustomTestStringConvertible {
        let number: Int
        let key: [UInt8]
        let message: [UInt8]
        let tag: String
        var testDescription: String { "RFC 4231 case \(number)" }
    }

    static let cases = [
        Case(
            number: 1, key: [UInt8](repeating: 0x0B, count: 20), message: Array("Hi There".utf8),
            tag: "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Case(
            number: 2, key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8),
            tag: "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Case(
            number: 3, key: [UInt8](repeating: 0xAA, count: 20), message: [UInt8](repeating: 0xDD, count: 50),
            tag: "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"),
        Case(
            number: 4, key: Array(1...25), message: [UInt8](repeating: 0xCD, count: 50),
            tag: "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Case(
            number: 6, key: [UInt8](repeating: 0xAA, count: 131),
            message: Array("Test Using Larger Than Block-Size Key - Hash Key First".utf8),
            tag: "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"),
        Case(
            number: 7, key: [UInt8](repeating: 0xAA, count: 131),
            message: Array(
                """
                This is a test using a larger than block-size key and a larger than block-size data. \
                The key needs to be hashed before being used by the HMAC algorithm.
                """.utf8),
            tag: "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"),
    ]

    @Test(arguments: cases) func agreesWithTheStandard(_ row: Case) {
        #expect(Hex.encode(HMACSHA256.tag(for: row.message, key: row.key)) == row.tag)
    }

    @Test func takesAnEmptyKeyAndAnEmptyMessage() {
        let tag = HMACSHA256.tag(for: [], key: [])
        #expect(Hex.encode(tag) == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad")
    }

    @Test func anEmptyKeyIsNotTheKeyBefore() {
        _ = HMACSHA256.tag(for: [1], key: Array("another key".utf8))
        #expect(HMACSHA256.tag(for: [1], key: []) == HMACSHA256.tag(for: [1], key: [0]))
    }

    @Test func refusesATagWithAnyBitFlipped() {
        let message = Array("install nginx".utf8)
        let key = [UInt8](repeating: 7, count: 32)
        let tag = HMACSHA256.tag(for: message, key: key)
        #expect(HMACSHA256.isValid(tag, for: message, key: key))
        for bit in 0..<256 {
            var altered = tag
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(!HMACSHA256.isValid(altered, for: message, key: key))
        }
    }

    @Test func refusesAnotherKeyAnotherMessageAndAShorterTag() {
        let message = Array("install nginx".utf8)
        let key = [UInt8](repeating: 7, count: 32)
        let tag = HMACSHA256.tag(for: message, key: key)
        #expect(!HMACSHA256.isValid(tag, for: message, key: [UInt8](repeating: 8, count: 32)))
        #expect(!HMACSHA256.isValid(tag, for: message + [0], key: key))
        #expect(!HMACSHA256.isValid(Array(tag.dropLast()), for: message, key: key))
        #expect(!HMACSHA256.isValid([], for: message, key: key))
    }

    @Test func threadsShareTheAlgorithm() async {
        let tags = await withTaskGroup(of: [[UInt8]].self) { group in
            for _ in 0..<8 {
                group.addTask { (0..<2_000).map { HMACSHA256.tag(for: [UInt8($0 % 251)], key: [1, 2, 3]) } }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(Set(tags).count == 1)
    }
}
