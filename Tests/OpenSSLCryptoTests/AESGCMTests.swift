import OpenSSLCrypto
import Testing

@Suite("AES-256-GCM") struct AESGCMTests {
    /// A test case of McGrew and Viega's GCM specification, named by its number.
    struct Case: Sendable, CustomTestStringConvertible {
        let number: Int
        let key: String
        let nonce: String
        let plaintext: String
        let associatedData: String
        let sealed: String
        var testDescription: String { "GCM test case \(number)" }
    }

    static let feffe = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    static let lines =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39"
    static let ciphertext =
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
        + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662"

    static let cases = [
        Case(
            number: 13, key: zeros(32), nonce: zeros(12), plaintext: "", associatedData: "",
            sealed: "530f8afbc74536b9a963b4f1c4cb738b"),
        Case(
            number: 14, key: zeros(32), nonce: zeros(12), plaintext: zeros(16), associatedData: "",
            sealed: "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919"),
        Case(
            number: 15, key: feffe, nonce: "cafebabefacedbaddecaf888", plaintext: lines + "1aafd255",
            associatedData: "", sealed: ciphertext + "898015adb094dac5d93471bdec1a502270e3cc6c"),
        Case(
            number: 16, key: feffe, nonce: "cafebabefacedbaddecaf888", plaintext: lines,
            associatedData: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
            sealed: ciphertext + "76fc6ece0f4e1768cddf8853bb2d551b"),
    ]

    static func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }

    @Test(arguments: cases) func agreesWithTheStandard(_ row: Case) throws {
        let key = try #require(Hex.decode(row.key))
        let nonce = try #require(Hex.decode(row.nonce))
        let plaintext = try #require(Hex.decode(row.plaintext))
        let associatedData = try #require(Hex.decode(row.associatedData))
        let sealed = try AESGCM.seal(plaintext, key: key, nonce: nonce, associatedData: associatedData)
        #expect(Hex.encode(sealed) == row.sealed)
        #expect(try AESGCM.open(sealed, key: key, nonce: nonce, associatedData: associatedData) == plaintext)
    }

    // MARK: - Refusals

    let key = [UInt8](repeating: 1, count: AESGCM.keyByteCount)
    let nonce = [UInt8](repeating: 2, count: AESGCM.nonceByteCount)
    let context = Array("job 1, agent 2".utf8)

    @Test func refusesEveryFlippedBit() throws {
        let sealed = try AESGCM.seal(Array("secret".utf8), key: key, nonce: nonce, associatedData: context)
        for bit in 0..<(sealed.count * 8) {
            var altered = sealed
            altered[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(
                code { try AESGCM.open(altered, key: key, nonce: nonce, associatedData: context) }
                    == .authenticationFailed)
        }
    }

    @Test func refusesAnotherKeyNonceOrContext() throws {
        let sealed = try AESGCM.seal(Array("secret".utf8), key: key, nonce: nonce, associatedData: context)
        let otherKey = [UInt8](repeating: 3, count: AESGCM.keyByteCount)
        let otherNonce = [UInt8](repeating: 3, count: AESGCM.nonceByteCount)
        let codes = [
            code { try AESGCM.open(sealed, key: otherKey, nonce: nonce, associatedData: context) },
            code { try AESGCM.open(sealed, key: key, nonce: otherNonce, associatedData: context) },
            code { try AESGCM.open(sealed, key: key, nonce: nonce, associatedData: context + [0]) },
            code { try AESGCM.open(sealed, key: key, nonce: nonce, associatedData: []) },
            code {
                try AESGCM.open(Array(sealed.dropFirst()), key: key, nonce: nonce, associatedData: context)
            },
        ]
        #expect(codes == [CryptoError.Code?](repeating: .authenticationFailed, count: 5))
    }

    @Test(arguments: [0, 16, 24, 31, 33]) func refusesAKeyOfAnotherLength(count: Int) {
        let key = [UInt8](repeating: 1, count: count)
        #expect(code { try AESGCM.seal([], key: key, nonce: nonce, associatedData: []) } == .lengthInvalid)
    }

    @Test(arguments: [0, 8, 11, 13, 16]) func refusesANonceOfAnotherLength(count: Int) {
        let nonce = [UInt8](repeating: 1, count: count)
        #expect(code { try AESGCM.seal([], key: key, nonce: nonce, associatedData: []) } == .lengthInvalid)
    }

    @Test(arguments: [0, 1, 15]) func refusesASealedMessageShorterThanItsTag(count: Int) {
        let sealed = [UInt8](repeating: 1, count: count)
        #expect(
            code { try AESGCM.open(sealed, key: key, nonce: nonce, associatedData: []) } == .lengthInvalid)
    }

    private func code(_ body: () throws -> [UInt8]) -> CryptoError.Code? {
        do {
            _ = try body()
            return nil
        } catch {
            return (error as? CryptoError)?.code
        }
    }
}
