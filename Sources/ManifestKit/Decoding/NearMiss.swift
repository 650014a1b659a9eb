/// Finds the known word that was probably meant.
enum NearMiss {
    /// `; did you mean 'visible_if'?`, or nothing where no known word is near.
    static func hint(for word: String, among known: some Sequence<String>) -> String {
        let letters = Array(word.utf8.prefix(64))
        let nearest = known.map { ($0, distance(letters, Array($0.utf8))) }
            .min { ($0.1, $0.0) < ($1.1, $1.0) }
        guard let (candidate, distance) = nearest, distance < candidate.utf8.count,
            distance <= max(1, min(3, candidate.utf8.count / 3))
        else {
            return ""
        }
        return "; did you mean '\(candidate)'?"
    }

    /// How many letters are to be put in, taken out, replaced or swapped with the next one.
    private static func distance(_ first: [UInt8], _ second: [UInt8]) -> Int {
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
            (beforePrevious, previous) = (previous, current)
        }
        return previous[second.count]
    }
}
