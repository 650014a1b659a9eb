/// A host's name or number, and a port.
package struct RedisPlace: Hashable, Sendable, CustomStringConvertible {
    package let host: String
    package let port: UInt16

    package init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Both as an address spells them.
    package var description: String {
        let name = host.percentEncoded
        return name.contains(":") ? "[\(name)]:\(port)" : "\(name):\(port)"
    }
}

extension String {
    /// The text as a host or a path stands in an address: letters, digits and `-._~/:` as they are.
    var percentEncoded: String {
        utf8.reduce(into: "") { text, byte in
            let scalar = Unicode.Scalar(byte)
            let isPlain =
                scalar.properties.isASCIIHexDigit || ("g"..."z").contains(scalar)
                || ("G"..."Z").contains(scalar)
            if isPlain || "-._~/:".utf8.contains(byte) {
                text.unicodeScalars.append(scalar)
            } else {
                text += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
    }
}
