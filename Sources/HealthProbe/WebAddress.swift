/// An address of http or https that can be asked.
struct WebAddress: Equatable, CustomStringConvertible {
    /// Whether it is asked over TLS.
    let isEncrypted: Bool
    /// A name or a number, of IPv6 without brackets.
    let host: String
    let port: UInt16
    /// Path and query, as they stand in the request.
    let target: String

    /// The address that a text spells, or nil.
    init?(_ text: String) {
        guard let (scheme, rest) = Self.split(text, at: "://") else { return nil }
        switch scheme.lowercased() {
        case "http": isEncrypted = false
        case "https": isEncrypted = true
        default: return nil
        }
        let whole = rest.prefix { $0 != "#" }
        let authority = whole.prefix { $0 != "/" && $0 != "?" }
        let path = whole.dropFirst(authority.count)
        guard let (host, port) = Self.place(authority, standard: isEncrypted ? 443 : 80) else { return nil }
        self.host = host
        self.port = port
        target = Self.escaped((path.hasPrefix("/") ? "" : "/") + path)
    }

    /// The address as it is written.
    var description: String { "\(isEncrypted ? "https" : "http")://\(authority)\(target)" }

    /// Host and port, as they stand in a request.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port == (isEncrypted ? 443 : 80) ? name : "\(name):\(port)"
    }

    private static func split(_ text: String, at separator: String) -> (Substring, Substring)? {
        text.firstRange(of: separator).map { (text[..<$0.lowerBound], text[$0.upperBound...]) }
    }

    private static func place(_ authority: Substring, standard: UInt16) -> (String, UInt16)? {
        var host = authority
        var port: Substring?
        if let colon = authority.lastIndex(of: ":"), authority.last != "]" {
            host = authority[..<colon]
            port = authority[colon...].dropFirst()
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard !host.isEmpty, host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        guard let port else { return (String(host), standard) }
        return UInt16(port).flatMap { $0 > 0 ? (String(host), $0) : nil }
    }

    /// Without what would end a line of the request, or a word of it.
    private static func escaped(_ target: String) -> String {
        let digits = Array("0123456789ABCDEF")
        return target.utf8.reduce(into: "") { text, byte in
            if byte > 0x20 && byte < 0x7F {
                text.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                text += "%\(digits[Int(byte >> 4)])\(digits[Int(byte & 15)])"
            }
        }
    }
}
