/// What came back over HTTP: the status, and as much of the body as was asked for.
struct WebAnswer {
    /// Bytes of an answer that are read at most.
    static let limit = 1 << 20

    let status: Int
    let body: ArraySlice<UInt8>

    /// Asks once, and follows no redirection.
    init(from address: WebAddress, withBody: Bool) throws(WebConnection.Failure) {
        let connection = try WebConnection(
            to: address.host, port: address.port, isEncrypted: address.isEncrypted)
        try connection.send(
            "GET \(address.target) HTTP/1.1\r\nHost: \(address.authority)\r\nUser-Agent: HealthProbe\r\n"
                + "Accept: */*\r\nConnection: close\r\n\r\n")
        var bytes: [UInt8] = []
        var isOver = false
        while !isOver, bytes.count < Self.limit {
            let more = try connection.receive()
            bytes += more
            while let head = Self.head(of: bytes), Self.isForerunner(bytes) { bytes.removeFirst(head.end) }
            isOver = more.isEmpty || Self.isWhole(bytes, withBody: withBody)
        }
        guard Self.head(of: bytes) != nil, let status = Self.status(of: bytes) else {
            throw .init(reason: bytes.isEmpty ? "it ended the connection" : "what it says is not HTTP")
        }
        self.status = status
        body = Self.content(of: bytes).bytes
    }

    /// The number of `HTTP/1.1 200 OK`.
    private static func status(of bytes: [UInt8]) -> Int? {
        guard bytes.starts(with: "HTTP/".utf8), let space = bytes.firstIndex(of: 0x20) else { return nil }
        let number = bytes[space...].dropFirst().prefix(3)
        return number.count == 3 ? Int(String(decoding: number, as: UTF8.self)) : nil
    }

    /// A head that another one follows: `103 Early Hints`.
    private static func isForerunner(_ bytes: [UInt8]) -> Bool {
        status(of: bytes).map { (100...199).contains($0) && $0 != 101 } ?? false
    }

    private static func isWhole(_ bytes: [UInt8], withBody: Bool) -> Bool {
        withBody ? content(of: bytes).isWhole : head(of: bytes) != nil
    }

    // MARK: - The body

    private static func head(of bytes: [UInt8]) -> (fields: [String: String], end: Int)? {
        guard let end = bytes.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let lines = String(decoding: bytes[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
        let fields = lines.dropFirst().map { line in
            let colon = line.firstIndex(of: ":") ?? line.endIndex
            return (line[..<colon].lowercased(), line[colon...].dropFirst().filter { $0 != " " }.lowercased())
        }
        return (Dictionary(fields) { first, _ in first }, end.upperBound)
    }

    /// What is there of the body, and whether that is all of it; without a length the connection's end tells.
    private static func content(of bytes: [UInt8]) -> (bytes: ArraySlice<UInt8>, isWhole: Bool) {
        guard let (fields, end) = head(of: bytes) else { return ([], false) }
        let rest = bytes[end...]
        if fields["transfer-encoding"] == "chunked" { return joined(rest) }
        let length = fields["content-length"].flatMap { Int($0) }
        return (rest, length.map { rest.count >= $0 } ?? false)
    }

    /// The pieces of a body that comes in pieces, each behind its size in hexadecimal digits.
    private static func joined(_ pieces: ArraySlice<UInt8>) -> (bytes: ArraySlice<UInt8>, isWhole: Bool) {
        var (rest, bytes) = (pieces, ArraySlice<UInt8>())
        while let line = rest.firstIndex(of: UInt8(ascii: "\n")) {
            let digits = String(decoding: rest[..<line].prefix { $0 != 0x0D && $0 != 0x3B }, as: UTF8.self)
            guard let size = Int(digits, radix: 16), size > 0 else { return (bytes, true) }
            let piece = rest[line...].dropFirst()
            // Of one that is longer than all that is read, there is what there is.
            if size > limit { return (bytes + piece, false) }
            bytes += piece.prefix(size)
            // Behind it stands the end of a line.
            rest = piece.dropFirst(size + 2)
        }
        return (bytes, false)
    }
}
