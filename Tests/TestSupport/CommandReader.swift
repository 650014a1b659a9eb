/// Cuts what a client of Redis sends into commands, and puts commands together again.
struct CommandReader {
    private var rest: [UInt8] = []

    /// Takes in bytes and gives the commands that are whole, as their words.
    mutating func commands(with bytes: some Sequence<UInt8>) -> [[[UInt8]]] {
        rest += bytes
        var commands: [[[UInt8]]] = []
        var place = 0
        while let (command, next) = command(at: place) {
            commands.append(command)
            place = next
        }
        rest.removeFirst(place)
        return commands
    }

    /// The command as clients send it: an array of strings.
    static func bytes(of words: [[UInt8]]) -> [UInt8] {
        words.reduce(Array("*\(words.count)\r\n".utf8)) { bytes, word in
            bytes + Array("$\(word.count)\r\n".utf8) + word + [13, 10]
        }
    }

    private func command(at start: Int) -> (words: [[UInt8]], next: Int)? {
        guard var (count, place) = number(behind: UInt8(ascii: "*"), at: start) else { return nil }
        var words: [[UInt8]] = []
        while count > 0 {
            guard let (length, first) = number(behind: UInt8(ascii: "$"), at: place),
                first + length + 2 <= rest.count
            else { return nil }
            words.append(Array(rest[first..<first + length]))
            place = first + length + 2
            count -= 1
        }
        return (words, place)
    }

    private func number(behind mark: UInt8, at place: Int) -> (value: Int, next: Int)? {
        guard place < rest.count, rest[place] == mark, let end = rest[place...].firstIndex(of: 13),
            end + 1 < rest.count, let value = Int(String(decoding: rest[(place + 1)..<end], as: UTF8.self))
        else { return nil }
        return (value, end + 2)
    }
}
