import Glibc

/// The outermost frame of a service's program.
package enum Program {
    /// Runs the service; where it cannot, says so in one line on standard error and ends with 1.
    package static func main(_ name: String, _ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            let line = Array("\(name): \(error)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            exit(1)
        }
    }
}
