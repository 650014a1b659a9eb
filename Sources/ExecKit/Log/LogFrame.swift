import JobKit

/// How a log record stands in the file `log`: a head of 24 bytes, then the output.
///
/// The head is, least significant byte first: length (4), checksum (4), number
/// (8), time (8). The checksum is CRC-32 over the rest of the head and the
/// output, so that a record cut short by a crash is told from a whole one.
enum LogFrame {
    static let headSize = 24
    /// Longer records are never written; a length beyond it is damage.
    static let maximumOutput = 16384
    static let maximumSize = headSize + maximumOutput

    static func encode(_ record: LogRecord) -> [UInt8] {
        var frame: [UInt8] = []
        frame.reserveCapacity(headSize + record.bytes.count)
        append(UInt32(record.bytes.count), to: &frame)
        append(UInt32(0), to: &frame)
        append(UInt64(record.number), to: &frame)
        append(UInt64(bitPattern: record.at.milliseconds), to: &frame)
        frame += record.bytes
        let sum = frame.withUnsafeBytes(checksum)
        for index in 0..<4 { frame[4 + index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt32(index))) }
        return frame
    }

    /// The record at the beginning of `bytes`, or nil where none is there whole; one without output is none.
    static func decode(_ bytes: ArraySlice<UInt8>) -> LogRecord? {
        guard bytes.count >= headSize else { return nil }
        let length = Int(integer(bytes, at: 0, size: 4))
        guard (1...maximumOutput).contains(length), bytes.count >= headSize + length else { return nil }
        let frame = bytes.prefix(headSize + length)
        guard UInt64(frame.withUnsafeBytes(checksum)) == integer(bytes, at: 4, size: 4),
            let number = Int(exactly: integer(bytes, at: 8, size: 8))
        else { return nil }
        let time = Int64(bitPattern: integer(bytes, at: 16, size: 8))
        return LogRecord(
            number: number, at: Timestamp(milliseconds: time), bytes: Array(frame.dropFirst(headSize)))
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>, at offset: Int, size: Int) -> UInt64 {
        bytes.dropFirst(offset).prefix(size).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    // MARK: - CRC-32

    private static let table: [UInt32] = (0..<256).map { start in
        (0..<8).reduce(UInt32(start)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }

    /// Over the whole frame without the four bytes of the checksum itself.
    private static func checksum(of frame: UnsafeRawBufferPointer) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            var sum: UInt32 = ~0
            for index in 0..<frame.count where index < 4 || index >= 8 {
                sum = sum >> 8 ^ table[Int(UInt8(truncatingIfNeeded: sum) ^ frame[index])]
            }
            return ~sum
        }
    }
}
