/// Looks at what a service needs, and says each thing that it finds in a line.
///
/// A line begins with `ok`, `advice` or `fault`, then two blanks or more; nothing is changed by looking.
package struct Doctor {
    private var faults = 0
    private let say: (String) -> Void

    /// - Parameter say: where the lines go; to standard output unless told otherwise.
    package init(say: @escaping (String) -> Void = { Program.say($0) }) { self.say = say }

    /// Says what is as it should be.
    package func good(_ text: String) { say("ok      \(text)") }

    /// Says what the service can live with, and what would be better.
    package func advise(_ text: String) { say("advice  \(text)") }

    /// Says what keeps the service from its work, and counts it.
    package mutating func fault(_ text: String) {
        faults += 1
        say("fault   \(text)")
    }

    /// Says what a look found; what it throws is a fault.
    package mutating func look(_ look: () throws -> String) {
        do {
            good(try look())
        } catch {
            fault("\(error)")
        }
    }

    /// Ends the visit.
    ///
    /// - Throws: ``StartupProblem`` where a fault was found.
    package func finish() throws(StartupProblem) {
        guard faults == 0 else {
            throw StartupProblem(faults == 1 ? "1 fault was found" : "\(faults) faults were found")
        }
    }
}
