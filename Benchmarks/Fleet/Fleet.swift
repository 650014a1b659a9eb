import Dispatch
import Glibc
import JobKit
import OpenSSLCrypto
import RedisQueue

/// Many light agents in one process, for `Benchmarks/run fleet`.
///
/// `fleet work FIRST COUNT` runs agents that come and go until its standard input ends, then prints what began on
/// them; `fleet beat COUNT` only has agents show that they are there.
@main enum Fleet {
    private static let now: @Sendable () -> Moment = {
        Moment(
            wall: Timestamp(milliseconds: milliseconds(CLOCK_REALTIME)), boot: milliseconds(CLOCK_BOOTTIME))
    }

    static func main() async throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard let url = setting("REDIS_URL"),
            let root = setting("SECRET_KEY").flatMap({ RootKey(Array($0.utf8)) })
        else { throw Problem("set REDIS_URL and SECRET_KEY") }
        let numbers = arguments.dropFirst().compactMap { Int($0) }
        switch (arguments.first, numbers.count) {
        case ("work", 2):
            let agents = try ids(numbers[0]..<numbers[0] + numbers[1]).map {
                LightAgent($0, root: root, url: url, now: now)
            }
            try await work(agents)
        case ("beat", 1):
            var fleet = try BeatingFleet(ids(0..<numbers[0]), root: root, url: RedisURL(url), now: now)
            try await fleet.run()
        default: throw Problem("usage: fleet work FIRST COUNT | fleet beat COUNT")
        }
    }

    private static func work(_ agents: [LightAgent]) async throws {
        for agent in agents { try await agent.start() }
        let coming = Task {
            var restarts = 0
            // Two of a hundred agents are away at any time.
            while !Task.isCancelled, let agent = agents.randomElement() {
                try await agent.stop()
                try? await Task.sleep(for: .milliseconds(2000 * 50 / agents.count))
                try await agent.start()
                restarts += 1
            }
            return restarts
        }
        await endOfInput()
        coming.cancel()
        let restarts = try await coming.value
        for agent in agents { try await agent.stop() }
        print("restarts", restarts)
        for agent in agents {
            for (attempt, count) in agent.host.begun { print("began", attempt, count) }
        }
    }

    private static func endOfInput() async {
        await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                while getchar() != EOF {}
                continuation.resume()
            }
        }
    }

    private static func ids(_ numbers: Range<Int>) throws -> [AgentID] {
        try numbers.map { number in
            guard let id = AgentID("agent-\(number)") else { throw Problem("agent-\(number) is no name") }
            return id
        }
    }

    private static func setting(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }

    struct Problem: Error, CustomStringConvertible {
        let description: String
        init(_ description: String) { self.description = description }
    }
}
