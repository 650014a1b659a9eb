#if !DEBUG
    import Glibc
    import ManifestKit
    import TestSupport
    import Testing

    /// What one document may cost: 50 ms of the processor and 16 MiB.
    ///
    /// Only where the code is optimised, for nobody runs the other; one test at a time, for memory is the process's
    /// (`scripts/test --long`).
    @Suite("Costs of hostile documents", .serialized) struct HostileDocumentCostTests {
        @Test func aDocumentCostsFiftyMillisecondsAtMost() {
            let times = (HeavyDocument.all + HeavyDocument.fixtures).map { document in
                (document.description, milliseconds { _ = Judgement(document.bytes) })
            }.sorted { $0.1 > $1.1 }
            for (name, time) in times.prefix(5) { print("dear: \(name), \(time) ms") }
            for (name, time) in times { #expect(time < 50, "\(name)") }
        }

        @Test func aDocumentTakesSixteenMebibytesAtMost() throws {
            var worst = (name: "", size: 0.0)
            for document in HeavyDocument.all + HeavyDocument.fixtures {
                // "5" lets the peak begin again at what is resident now.
                try Fixtures.write("5", to: "/proc/self/clear_refs")
                let before = try Self.peak()
                _ = Judgement(document.bytes)
                let size = try Self.peak() - before
                if size > worst.size { worst = (document.description, size) }
            }
            print("large: \(worst.name), \(worst.size) MiB")
            #expect(worst.size < 16, "\(worst.name)")
        }

        /// The most memory of this process since the peak was reset, in MiB.
        private static func peak() throws -> Double {
            let status = try Fixtures.read("/proc/self/status")
            let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") })
            return try #require(Double(line.split(separator: " ").dropFirst().first ?? "")) / 1024
        }
    }
#endif
