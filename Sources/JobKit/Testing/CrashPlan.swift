#if DEBUG
    import Glibc
    import Synchronization

    /// Where and when this process is to die, as a test has it; there is none in a release build.
    package struct CrashPlan: Hashable, Sendable, CustomStringConvertible {
        /// The setting that names it.
        package static let setting = "PROVISION_CRASH_AT"
        private static let armed = Mutex<CrashPlan?>(nil)

        private let point: CrashPoint
        /// Whose passages count; nil for all.
        private let subject: String?
        /// The passages that are still to come, the deadly one among them.
        private var passages: Int

        /// The plan if `text` is `POINT:COUNT` or, where the point is about something, `POINT:COUNT@SUBJECT`; or nil.
        package init?(_ text: String) {
            let halves = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false)
            let parts = halves[0].split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, let point = CrashPoint(rawValue: String(parts[0])),
                let passages = Int(parts[1]), passages > 0
            else { return nil }
            self.point = point
            self.passages = passages
            subject = halves.count == 2 ? String(halves[1]) : nil
        }

        /// `POINT:COUNT`, and `@SUBJECT` where there is one.
        package var description: String {
            "\(point.rawValue):\(passages)" + (subject.map { "@\($0)" } ?? "")
        }

        /// Makes this the process's plan.
        package func arm() { Self.armed.withLock { $0 = self } }

        /// The plan for the next runner that this agent starts.
        ///
        /// A runner passes each of its points once: the passages are counted here, over all runners.
        package static func handDown() -> CrashPlan? {
            armed.withLock { plan in
                guard let current = plan, current.point.program == .runner else { return nil }
                plan?.passages -= 1
                return current.passages == 1 ? current : nil
            }
        }

        /// The process comes to a point, for that subject where the point is about something.
        package static func note(_ point: CrashPoint, _ subject: String? = nil) {
            let isDeadly = armed.withLock { plan in
                guard let current = plan, current.point == point else { return false }
                guard current.subject == nil || current.subject == subject else { return false }
                plan?.passages -= 1
                return plan?.passages == 0
            }
            // Nothing is cleaned up or flushed, as in a crash.
            if isDeadly { kill(getpid(), SIGKILL) }
        }
    }
#endif
