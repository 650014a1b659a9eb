/// Reads the spelling of a Redis address.
///
/// - Important: Its errors quote nothing of the text. Where a sign is missing
///   or misplaced, any part of it may be the password.
enum RedisURLParser {
    static func parse(_ text: String) throws(RedisError) -> RedisURL {
        guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw invalid("has a space, a control character or a letter beyond ASCII; percent-encode it")
        }
        if let rest = text.droppingPrefix("redis://") { return try network(rest, isEncrypted: false) }
        if let rest = text.droppingPrefix("rediss://") { return try network(rest, isEncrypted: true) }
        if let rest = text.droppingPrefix("redis+sentinel://") { return try master(rest, isEncrypted: false) }
        if let rest = text.droppingPrefix("rediss+sentinel://") { return try master(rest, isEncrypted: true) }
        if let rest = text.droppingPrefix("unix://") { return try socket(rest) }
        throw invalid(
            "begins with none of 'redis://', 'rediss://', 'redis+sentinel://', 'rediss+sentinel://' and 'unix://'"
        )
    }

    // MARK: - Forms

    private static func network(_ text: Substring, isEncrypted: Bool) throws(RedisError) -> RedisURL {
        let (authority, path) = text.split(atFirst: "/")
        let (credentials, place) = try credentials(authority)
        let database = path.map { $0.isEmpty ? "0" : $0 } ?? "0"
        let server = try hostAndPort(place, default: 6379)
        return RedisURL(
            endpoint: .tcp(host: server.host, port: server.port), isEncrypted: isEncrypted,
            database: try number(of: database), credentials: credentials)
    }

    private static func master(_ text: Substring, isEncrypted: Bool) throws(RedisError) -> RedisURL {
        let (authority, path) = text.split(atFirst: "/")
        let (credentials, places) = try credentials(authority)
        var sentinels: [RedisPlace] = []
        for place in places.split(separator: ",", omittingEmptySubsequences: false) {
            sentinels.append(try hostAndPort(place, default: 26_379))
        }
        let (name, database) = (path ?? "").split(atFirst: "/")
        guard !name.isEmpty, name.utf8.allSatisfy(\.isOfName) else {
            throw invalid(
                "has no name of a master behind its sentinels; 'redis+sentinel://host:26379/mymaster/0' would be right"
            )
        }
        return RedisURL(
            endpoint: .master(name: String(name), sentinels: sentinels), isEncrypted: isEncrypted,
            database: try number(of: database.map { $0.isEmpty ? "0" : $0 } ?? "0"), credentials: credentials)
    }

    private static func socket(_ text: Substring) throws(RedisError) -> RedisURL {
        let (place, query) = text.split(atFirst: "?")
        // A path may itself contain '@'; only what stands before its first '/' can be credentials.
        let authority = place.prefix { $0 != "/" }
        let isGuarded = authority.contains("@")
        let (credentials, start) =
            isGuarded ? try credentials(authority) : (RedisCredentials(), authority[...])
        let path = try decoded(start + place.dropFirst(authority.count))
        guard !path.isEmpty, path != "/" else { throw invalid("has no path of a socket") }
        guard path.utf8.count <= 107 else {
            throw invalid("has a path longer than the 107 bytes of a socket's")
        }
        var database: Substring = "0"
        if let query {
            guard let value = query.droppingPrefix("db=") else {
                throw invalid("has a query other than 'db=' and a number")
            }
            database = value
        }
        return RedisURL(
            endpoint: .unix(path: path), isEncrypted: false,
            database: try number(of: database), credentials: credentials)
    }

    // MARK: - Parts

    private static func credentials(
        _ authority: Substring
    ) throws(RedisError) -> (RedisCredentials, Substring) {
        guard let at = authority.lastIndex(of: "@") else { return (RedisCredentials(), authority) }
        let (user, password) = authority[..<at].split(atFirst: ":")
        guard let password, !password.isEmpty else {
            throw invalid("names a user without a password; 'user:password@' or ':password@' would be right")
        }
        let credentials = RedisCredentials(
            user: user.isEmpty ? nil : try decoded(user),
            password: RedisPassword(bytes: try decodedBytes(password)))
        return (credentials, authority[authority.index(after: at)...])
    }

    private static func hostAndPort(
        _ place: Substring, default standard: UInt16
    ) throws(RedisError) -> RedisPlace {
        var host = place
        var port: Substring?
        if place.first == "[" {
            guard let end = place.firstIndex(of: "]") else { throw invalid("has a '[' without its ']'") }
            host = place[place.index(after: place.startIndex)..<end]
            let rest = place[place.index(after: end)...]
            guard rest.isEmpty || rest.first == ":" else { throw invalid("goes on after ']' without ':'") }
            port = rest.isEmpty ? nil : rest.dropFirst()
        } else {
            (host, port) = place.split(atFirst: ":")
        }
        let name = try decoded(host)
        guard !name.isEmpty else { throw invalid("has no host; 'redis://host:6379/0' would be right") }
        guard let port else { return RedisPlace(host: name, port: standard) }
        guard port.utf8.allSatisfy(\.isDigit), let number = UInt16(port), number > 0 else {
            throw invalid("has a port that is not a number from 1 to 65535")
        }
        return RedisPlace(host: name, port: number)
    }

    private static func number(of database: Substring) throws(RedisError) -> Int {
        guard database.utf8.allSatisfy(\.isDigit), let number = UInt16(database) else {
            throw invalid(
                "has a database that is not a number from 0 to 65535 (in a password, '/' is written %2F)")
        }
        return Int(number)
    }

    private static func decoded(_ text: Substring) throws(RedisError) -> String {
        guard let text = String(validating: try decodedBytes(text), as: UTF8.self) else {
            throw invalid("has percent-encoded bytes that are not UTF-8")
        }
        return text
    }

    private static func decodedBytes(_ text: Substring) throws(RedisError) -> [UInt8] {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            let digits = rest.prefix(2)
            rest = rest.dropFirst(2)
            guard digits.count == 2, digits.allSatisfy(\.isHexDigit),
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
            else { throw invalid("has a '%' that two hexadecimal digits do not follow") }
            guard value != 0 else { throw invalid("has a zero byte, '%00'") }
            bytes.append(value)
        }
        return bytes
    }

    private static func invalid(_ what: String) -> RedisError {
        RedisError(.addressInvalid, "the address of Redis \(what)")
    }
}

extension StringProtocol where SubSequence == Substring {
    fileprivate func droppingPrefix(_ prefix: String) -> Substring? {
        hasPrefix(prefix) ? dropFirst(prefix.count) : nil
    }

    fileprivate func split(atFirst separator: Character) -> (Substring, Substring?) {
        guard let index = firstIndex(of: separator) else { return (self[...], nil) }
        return (self[..<index], self[self.index(after: index)...])
    }
}

extension UInt8 {
    fileprivate var isDigit: Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(self) }
    // What Redis allows in the name of a master.
    fileprivate var isOfName: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(self | 0x20)
            || self == UInt8(ascii: ".") || self == UInt8(ascii: "-") || self == UInt8(ascii: "_")
    }
    fileprivate var isHexDigit: Bool {
        isDigit || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(self | 0x20)
    }
}
