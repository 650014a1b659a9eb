import JobKit
import ManifestKit
import TestSupport
import Testing

@Suite(
    "No random numbers", .enabled(if: House.hasRoot, House.needsRoot), .timeLimit(.minutes(5)))
struct RandomFaultTests {
    /// Has a password made for it.
    private static let maker = TestApplication(
        id: "maker", inputs: "[{name: key, type: password, generate: {kind: hex, length: 32}}]",
        script: "end 0")

    /// F65: a panel without random numbers accepts nothing, says so, and goes on once there are some.
    @Test func f65AcceptsNothingWithoutRandomNumbers() async throws {
        try await House.run([.greeting, Self.maker]) { house in
            let source = try RandomSource(in: house.panelFolder)
            try await house.panel.stop()
            house.panel.change(source.settings)
            try await house.startPanel()
            _ = try await house.install(number: 1, "greeting")
            try source.fail()
            for (application, inputs) in [
                ("greeting", ["who": "number 2"]), ("greeting", ["who": "you", "secret": "a secret"]),
                ("maker", [:]),
            ] as [(String, JSONObject)] {
                let answer = try await house.api.install(
                    application, inputs, headers: ["idempotency-key": "2"])
                #expect(answer.status == 503, "\(application): \(answer.text)")
                #expect(try answer.findings == [" unavailable"])
                #expect(answer.headers["retry-after"] == "10")
            }
            #expect(house.panel.output.contains("the system's random generator gave no bytes"))
            #expect(try await house.jobs().count == 1)
            // What needs none goes on.
            #expect(try await house.api.get("/api/health").status == 200)
            source.mend()
            _ = try await house.install(number: 2, "greeting")
            let made = try await house.install("maker")
            #expect(try await house.end(of: made)["status"] == "succeeded")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }

    /// F65: no settings with a password that anybody could foresee.
    @Test func f65EnrolsNoAgentWithoutRandomNumbers() async throws {
        try await House.run(withAgent: false) { house in
            let source = try RandomSource(in: house.panelFolder)
            let panel = try house.anotherPanel()
            panel.change(source.settings)
            try source.fail()
            try panel.start(["--enrol", "agent-002"])
            #expect(try await panel.end() == 1)
            #expect(
                panel.output
                    == "PanelServer: randomnessUnavailable: the system's random generator gave no bytes\n")
            source.mend()
            try panel.start(["--enrol", "agent-002"])
            #expect(try await panel.end() == 0)
            #expect(panel.output.contains("AGENT_KEY="))
        }
    }

    /// F65: an agent takes no session that another one might have; a job that waits runs when it has one.
    @Test func f65StartsNoAgentWithoutRandomNumbers() async throws {
        try await House.run([.greeting]) { house in
            try await house.agent.stop()
            let source = try RandomSource(in: house.agentFolder)
            house.agent.change(source.settings)
            try source.fail()
            try house.agent.start()
            _ = try await house.install(number: 1, "greeting")
            #expect(try await house.agent.end() == 1)
            let reason = "randomnessUnavailable: the system's random generator gave no bytes"
            #expect(house.agent.output.contains(reason))
            #expect(FileTree.text("\(house.agentFolder)/logs/agent.log").contains(reason))
            source.mend()
            try await house.startAgent()
            // What runs needs none.
            try source.fail()
            _ = try await house.install(number: 2, "greeting")
            try await house.expectTruth()
            house.expectEachRunOnce()
        }
    }
}

/// Stands before OpenSSL's source of random numbers, and has it give none for as long as a test likes.
private struct RandomSource {
    /// Settings for the program that is to use it.
    let settings: [String: String?]
    private let sign: String

    /// Makes the library that is loaded before all others; the compiler is the one that Swift links with.
    init(in folder: String) throws {
        let (text, library) = ("\(folder)/random.c", "\(folder)/random.so")
        sign = "\(folder)/no-random"
        try Fixtures.write(Self.text, to: text)
        let code = try ChildProcess.run(
            ["clang", "-shared", "-fPIC", "-o", library, text], output: "\(folder)/clang.out")
        guard code == 0 else {
            throw SystemFailure("no library: \(FileTree.text("\(folder)/clang.out"))")
        }
        settings = ["LD_PRELOAD": library, "TEST_NO_RANDOM": sign]
    }

    func fail() throws { try Fixtures.write("", to: sign) }

    func mend() { FileTree.remove(sign) }

    private static let text = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <stdlib.h>
        #include <unistd.h>

        static int fails(void) { return access(getenv("TEST_NO_RANDOM"), F_OK) == 0; }

        int RAND_bytes(unsigned char *bytes, int count) {
            int (*next)(unsigned char *, int) = dlsym(RTLD_NEXT, "RAND_bytes");
            return fails() ? 0 : next(bytes, count);
        }

        """
}
