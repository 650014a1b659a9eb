import Glibc
import JobKit
import ManifestKit
import TestSupport
import Testing

// Programs that die where a test wants them to.
extension House {
    static let needsCrashPoints: Comment = "crash points are in debug builds only"
    #if DEBUG
        static let hasCrashPoints = true
    #else
        static let hasCrashPoints = false
    #endif

    /// Starts the panel anew, to die at that passage of the point; it may do so before it answers.
    func startPanel(dyingAt point: CrashPoint, passage: Int = 1, of agent: AgentID? = nil) async throws {
        panel.kill()
        let subject = agent.map { "@\($0)" } ?? ""
        panel.change(["PROVISION_CRASH_AT": "\(point.rawValue):\(passage)\(subject)"])
        do {
            try await startPanel()
        } catch let end as UnexpectedEnd where end.code == 128 + Int(SIGKILL) {
        }
    }

    /// Starts the agent anew, to die at that passage of the point, or to have its runners do so.
    func startAgent(dyingAt point: CrashPoint, passage: Int = 1) throws {
        agent.kill()
        agent.change(["PROVISION_CRASH_AT": "\(point.rawValue):\(passage)"])
        try agent.start()
    }

    /// Starts the panel that has died, as it should be.
    func revivePanel() async throws {
        #expect(try await panel.end() == 128 + Int(SIGKILL))
        panel.change(["PROVISION_CRASH_AT": nil])
        try await startPanel()
    }

    /// Starts the agent that has died, as it should be.
    func reviveAgent() async throws {
        #expect(try await agent.end() == 128 + Int(SIGKILL))
        agent.change(["PROVISION_CRASH_AT": nil])
        try await startAgent()
    }

    /// Asks for one job after another, each under a key of its number, until the program has died.
    ///
    /// - Returns: how many were asked for; the last one may be without an answer.
    @discardableResult
    func install(_ application: String, until victim: Program, atMost limit: Int = 6) async throws -> Int {
        var number = 0
        while number < limit, number == 0 || !victim.isOver {
            number += 1
            guard let id = try? await install(number: number, application) else { break }
            try await eventually("an end of \(id), or of a program") {
                if victim.isOver { return true }
                let status = (try? await job(id))?["status"]?.string
                return status.flatMap(JobState.init)?.isFinal == true
            }
        }
        try await eventually("an end of a program at its crash point") { victim.isOver }
        return number
    }

    /// Asks for a job under the key of its number.
    func install(number: Int, _ application: String) async throws -> String {
        let inputs: JSONObject = application == "greeting" ? ["who": .string("number \(number)")] : [:]
        return try await install(application, inputs, key: "\(number)")
    }

    /// All jobs that were accepted have run once and to their end, one behind the other.
    func expectEachRunOnce(sourceLocation: Testing.SourceLocation = #_sourceLocation) {
        #expect(
            witness == accepted.flatMap { ["began \($0) 1", "done \($0) 1"] }, sourceLocation: sourceLocation)
    }
}
