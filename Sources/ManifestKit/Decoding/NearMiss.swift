/// Finds the known word that was probably meant.
package enum NearMiss {
    /// The most letters by which a word may differ from the one that was meant.
    private static let maximumDistance = 3

    /// What other platforms call the same.
    private static let synonyms = [
        "options": "allowed_values", "choices": "allowed_values", "values": "allowed_values",
        "enum": "select",
        "list": "multiselect", "show_if": "visible_if", "visible_when": "visible_if",
        "show_when": "visible_if",
        "depends_on": "visible_if", "required_when": "required_if", "readonly_when": "readonly_if",
        "title": "label", "help": "description", "hint": "description", "regex": "pattern",
        "optional": "required", "secret": "sensitive", "float": "number", "double": "number",
        "int": "integer",
        "bool": "boolean", "file": "path", "domain": "hostname", "user": "username", "$or": "$any",
        "$and": "$all", "script": "install_script", "timeout": "timeout_seconds", "after": "requires",
        "$server.memory": "$server.ram_mb", "$server.version": "$server.os_version", "$os": "$server.os",
    ]

    /// `; did you mean 'visible_if'?`, or nothing where no known word is near.
    package static func hint(for word: String, among known: some Sequence<String>) -> String {
        if let synonym = synonyms[word], known.contains(synonym) { return "; did you mean '\(synonym)'?" }
        let letters = Array(word.utf8.prefix(64))
        var nearest: (word: String, distance: Int)?
        for candidate in known {
            let other = Array(candidate.utf8)
            let most = max(1, min(maximumDistance, other.count / 3))
            guard let distance = distance(letters, other, atMost: most),
                // A word of which nothing is left was not meant.
                distance < max(letters.count, other.count)
            else { continue }
            if let found = nearest, (found.distance, found.word) <= (distance, candidate) { continue }
            nearest = (candidate, distance)
        }
        return nearest.map { "; did you mean '\($0.word)'?" } ?? ""
    }

    /// How many letters are to be put in, taken out, replaced or swapped with the next one; nil for too many.
    ///
    /// The beginning of a word is near to it: `bool` to `boolean`.
    private static func distance(_ first: [UInt8], _ second: [UInt8], atMost most: Int) -> Int? {
        if first.count >= 3, second.starts(with: first) { return first.count == second.count ? 0 : 1 }
        guard abs(first.count - second.count) <= most else { return nil }
        var beforePrevious: [Int] = []
        var previous = Array(0...second.count)
        for (row, letter) in first.enumerated() {
            var current = [row + 1]
            for (column, other) in second.enumerated() {
                var best = min(
                    previous[column] + (letter == other ? 0 : 1), previous[column + 1] + 1,
                    current[column] + 1)
                if row > 0, column > 0, letter == second[column - 1], first[row - 1] == other {
                    best = min(best, beforePrevious[column - 1] + 1)
                }
                current.append(best)
            }
            guard current.contains(where: { $0 <= most }) else { return nil }
            (beforePrevious, previous) = (previous, current)
        }
        return previous[second.count] <= most ? previous[second.count] : nil
    }
}
