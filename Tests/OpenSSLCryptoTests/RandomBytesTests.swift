import OpenSSLCrypto
import Testing

@Suite("Random bytes and comparison") struct RandomBytesTests {
    @Test(arguments: [0, 1, 32, 1_000]) func givesAsManyBytesAsAskedFor(count: Int) throws {
        #expect(try RandomBytes.generate(count).count == count)
    }

    @Test func neverGivesTheSameBytesTwice() throws {
        let values = try (0..<1_000).map { _ in try RandomBytes.generate(16) }
        #expect(Set(values).count == 1_000)
    }

    @Test(arguments: [-1, Int.max]) func refusesACountThatIsNone(count: Int) {
        #expect(throws: CryptoError.self) { try RandomBytes.generate(count) }
    }

    @Test func comparesEveryByte() {
        let bytes = Array(UInt8.min...UInt8.max)
        #expect(ConstantTime.equal(bytes, bytes))
        #expect(ConstantTime.equal([], []))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x80
            #expect(!ConstantTime.equal(bytes, other))
        }
        #expect(!ConstantTime.equal(bytes, Array(bytes.dropLast())))
        #expect(!ConstantTime.equal([], [0]))
    }
}
