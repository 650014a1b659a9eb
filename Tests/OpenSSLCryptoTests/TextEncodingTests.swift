import OpenSSLCrypto
import Testing

@Suite("Bytes as text") struct TextEncodingTests {
    /// The rows of RFC 4648 §10, without their padding.
    static let rows: [(bytes: String, base64: String, hex: String)] = [
        ("", "", ""),
        ("f", "Zg", "66"),
        ("fo", "Zm8", "666f"),
        ("foo", "Zm9v", "666f6f"),
        ("foob", "Zm9vYg", "666f6f62"),
        ("fooba", "Zm9vYmE", "666f6f6261"),
        ("foobar", "Zm9vYmFy", "666f6f626172"),
    ]

    @Test(arguments: rows) func agreesWithTheStandard(bytes: String, base64: String, hex: String) {
        #expect(Base64URL.encode(Array(bytes.utf8)) == base64)
        #expect(Base64URL.decode(base64) == Array(bytes.utf8))
        #expect(Hex.encode(Array(bytes.utf8)) == hex)
        #expect(Hex.decode(hex) == Array(bytes.utf8))
    }

    @Test func everyByteComesBack() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(Hex.decode(Hex.encode(bytes)) == bytes)
        for count in 0..<bytes.count {
            #expect(
                Base64URL.decode(Base64URL.encode(Array(bytes.suffix(count)))) == Array(bytes.suffix(count)))
        }
    }

    @Test func usesTheAlphabetForAddresses() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xBF]) == "-_-_")
    }

    @Test(arguments: [
        "Zg==", "Zg=", "Z", "Zm9vY", "Zm 8", "Zm8\n", "+/+/", "Zh", "Zm9", "Zm9vYmF\u{0}", "Zé8A",
        "Zm8\u{FEFF}",
    ])
    func refusesBase64OfAnotherSpelling(text: String) {
        #expect(Base64URL.decode(text) == nil)
    }

    @Test(arguments: ["6", "66 6f", "6G", "6F", "0x66", "66\n", "é", "６６"])
    func refusesHexOfAnotherSpelling(text: String) {
        #expect(Hex.decode(text) == nil)
    }
}
