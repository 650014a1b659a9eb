import OpenSSLCrypto
import Testing

@Suite("HKDF-SHA-256") struct HKDFSHA256Tests {
    /// A test case of RFC 5869's appendix A, named by its number.
    struct Case: Sendable, CustomTestStringConvertible {
        let number: Int
        let secret: [UInt8]
        let salt: [UInt8]
        let info: [UInt8]
        let key: String
        var testDescription: String { "RFC 5869 case \(number)" }
    }

    static let cases = [
        Case(
            number: 1, secret: [UInt8](repeating: 0x0B, count: 22), salt: Array(0x00...0x0C),
            info: Array(0xF0...0xF9),
            key: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"),
        Case(
            number: 2, secret: Array(0x00...0x4F), salt: Array(0x60...0xAF), info: Array(0xB0...0xFF),
            key: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
                + "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
                + "cc30c58179ec3e87c14c01d5c1f3434f1d87"),
        Case(
            number: 3, secret: [UInt8](repeating: 0x0B, count: 22), salt: [], info: [],
            key: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"),
    ]

    @Test(arguments: cases) func agreesWithTheStandard(_ row: Case) {
        let count = row.key.utf8.count / 2
        let key = HKDFSHA256.derive(from: row.secret, salt: row.salt, info: row.info, count: count)
        #expect(Hex.encode(key) == row.key)
    }

    @Test func anotherPurposeGivesAnotherKey() {
        let secret = [UInt8](repeating: 9, count: 32)
        let keys = ["down", "up", "ack", "beat", "seal"].map {
            HKDFSHA256.derive(from: secret, info: Array($0.utf8), count: 32)
        }
        #expect(Set(keys).count == 5)
    }

    @Test(arguments: [0, 1, 31, 32, 33, HKDFSHA256.maximumCount])
    func givesAsManyBytesAsAskedForAndTheSameBeginning(count: Int) {
        let secret = [UInt8](repeating: 9, count: 32)
        let longest = HKDFSHA256.derive(from: secret, info: [], count: HKDFSHA256.maximumCount)
        let key = HKDFSHA256.derive(from: secret, info: [], count: count)
        #expect(key == Array(longest.prefix(count)))
        #expect(key.count == count)
    }
}
