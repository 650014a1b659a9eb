import Glibc

/// A file of `NAME=value` lines, as systemd's `EnvironmentFile=` takes it.
///
/// What systemd would read otherwise than people mean it is refused: such a
/// line would give the same file two meanings, one for the service and one for
/// a start by hand. No error repeats a line, for it may hold a secret.
enum EnvironmentFile {
    private static let maximumSize = 64 * 1024

    /// The variables of the file at `path`; of two lines with one name the later one.
    ///
    /// - Throws: ``StartupProblem`` with the number of the line.
    static func read(_ path: String) throws -> [String: String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: maximumSize + 1)
        var count = 0
        while count < bytes.count {
            let got = bytes[count...].withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress, $0.count)
            }
            guard got >= 0 else { throw unreadable(path, errno) }
            guard got > 0 else { break }
            count += got
        }
        guard count <= maximumSize else {
            throw StartupProblem("the file '\(path)' of --env-file has more than \(maximumSize) bytes")
        }
        return try variables(in: bytes[..<count], path: path)
    }

    private static func unreadable(_ path: String, _ number: Int32) -> StartupProblem {
        StartupProblem(
            "the file '\(path)' of --env-file cannot be read: \(String(cString: strerror(number)))")
    }

    static func variables(in bytes: ArraySlice<UInt8>, path: String) throws -> [String: String] {
        var rest = bytes
        if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
        var variables: [String: String] = [:]
        let lines = rest.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        for (index, line) in lines.enumerated() {
            do throws(Flaw) {
                guard let (name, value) = try variable(in: trimmed(line)) else { continue }
                variables[name] = value
            } catch {
                throw StartupProblem("line \(index + 1) of '\(path)' \(error.predicate)")
            }
        }
        return variables
    }

    /// What is wrong with a line: the rest of a sentence.
    private struct Flaw: Error {
        let predicate: String
    }

    private static func variable(in line: ArraySlice<UInt8>) throws(Flaw) -> (String, String)? {
        guard let first = line.first, first != UInt8(ascii: "#"), first != UInt8(ascii: ";") else {
            return nil
        }
        guard !line.starts(with: "export ".utf8) else {
            throw Flaw(predicate: "begins with 'export', which systemd does not take; leave it out")
        }
        guard let sign = line.firstIndex(of: UInt8(ascii: "=")), isName(trimmed(line[..<sign])) else {
            throw Flaw(predicate: "is no NAME=value, no comment and not empty")
        }
        return (text(trimmed(line[..<sign])), try value(trimmed(line[(sign + 1)...])))
    }

    private static func value(_ bytes: ArraySlice<UInt8>) throws(Flaw) -> String {
        if let quote = bytes.first, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'") {
            let inside = bytes.dropFirst().dropLast()
            guard bytes.count >= 2, bytes.last == quote, !inside.contains(quote),
                !inside.contains(UInt8(ascii: "\\"))
            else {
                throw Flaw(
                    predicate: "has a quoted value that does not end with its quote, or holds one, or a '\\'")
            }
            return text(inside)
        }
        guard !bytes.contains(where: { isBlank($0) || "\"'\\".utf8.contains($0) }) else {
            throw Flaw(
                predicate: "has a blank, a quote or a '\\' in its value; put the value into quotes, "
                    + "and a comment on a line of its own")
        }
        return text(bytes)
    }

    private static func isName(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard let first = bytes.first, !(0x30...0x39).contains(first) else { return false }
        return bytes.allSatisfy {
            (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0)
                || $0 == UInt8(ascii: "_")
        }
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes.drop(while: isBlank)
        while let last = rest.last, isBlank(last) { rest.removeLast() }
        return rest
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }
}
