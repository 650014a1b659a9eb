/// What stands on a service's command line: options, most with a value.
package struct CommandLineOptions {
    private let values: [String: String]

    /// - Parameters:
    ///   - arguments: the command line, the program's name first.
    ///   - options: the options there are, and what each one's value is called; nil where it has none.
    /// - Throws: ``UsageRequest`` where help is asked for, or where a word is no option.
    package init(_ arguments: [String], allowing options: KeyValuePairs<String, String?>) throws {
        let name = arguments.first?.split(separator: "/").last.map { String($0) } ?? "PROGRAM"
        let usage = "usage: \(name)" + options.map { " [\($0)\($1.map { " \($0)" } ?? "")]" }.joined()
        var values: [String: String] = [:]
        var rest = arguments.dropFirst()
        while let word = rest.popFirst() {
            if word == "--help" || word == "-h" { throw UsageRequest(text: usage, isAskedFor: true) }
            guard let option = options.first(where: { $0.key == word }),
                let value = option.value == nil ? "" : rest.popFirst()
            else {
                throw UsageRequest(text: usage, isAskedFor: false)
            }
            values[word] = value
        }
        self.values = values
    }

    /// The value of an option that was given; empty where it has none.
    package subscript(option: String) -> String? { values[option] }
}

/// The line that says how a program is called.
package struct UsageRequest: Error {
    let text: String
    /// Whether that was what the caller wanted to know.
    let isAskedFor: Bool
}
