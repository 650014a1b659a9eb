/// Classes of ASCII characters; no byte of anything else is in one.
package enum ASCII {
    package static func isDigit(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) }
    package static func isLowercase(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) }
    package static func isUppercase(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) }
    package static func isLetter(_ byte: UInt8) -> Bool { isLowercase(byte | 0x20) && byte < 0x80 }
    package static func isAlphanumeric(_ byte: UInt8) -> Bool { isDigit(byte) || isLetter(byte) }
    package static func isVisible(_ byte: UInt8) -> Bool { (0x20..<0x7F).contains(byte) }
    package static func isHexDigit(_ byte: UInt8) -> Bool {
        isDigit(byte) || (0x61...0x66).contains(byte | 0x20)
    }
}
