import Glibc
import JobKit
import ManifestKit

/// The outermost frame of a service's program.
package enum Program {
    /// Runs the service; where it cannot, says so in one line on standard error and ends with 1.
    ///
    /// Called wrongly it ends with 2, asked for help with 0.
    package static func main(_ name: String, _ body: () async throws -> Void) async {
        // Where the system keeps a crashed program's memory, it is not to keep secrets.
        var none = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &none)
        do {
            #if DEBUG
                try armCrashPoint()
                ClockShift.arm(try Settings(file: nil).text(ClockShift.setting))
            #endif
            try await body()
            end(0)
        } catch let usage as UsageRequest {
            say(usage.text, to: usage.isAskedFor ? STDOUT_FILENO : STDERR_FILENO)
            end(usage.isAskedFor ? 0 : 2)
        } catch {
            fail(name, error)
        }
    }

    /// Says in one line on standard error why the service cannot go on, and ends its process with 1 at once.
    package static func fail(_ name: String, _ error: any Error) -> Never {
        say("\(name): \(error)", to: STDERR_FILENO)
        end(1)
    }

    /// Ends the process without what `exit` clears up before: threads that still run may be using it, libssl's tables
    /// above all, and would end the process as a crash.
    private static func end(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }

    #if DEBUG
        /// Has the process die where the environment says, if it does: for tests alone.
        private static func armCrashPoint() throws {
            guard let text = try Settings(file: nil).text(CrashPlan.setting) else { return }
            guard let plan = CrashPlan(text) else {
                throw StartupProblem(
                    "\(CrashPlan.setting) is \(Diagnostic.quoted(text)); it takes POINT:COUNT")
            }
            plan.arm()
        }
    #endif

    /// Writes a line.
    package static func say(_ line: String, to descriptor: Int32 = STDOUT_FILENO) {
        let bytes = Array((line + "\n").utf8)
        _ = write(descriptor, bytes, bytes.count)
    }
}
