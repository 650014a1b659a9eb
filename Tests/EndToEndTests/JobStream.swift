import JobKit
import SQLiteStore
import Synchronization
import TestSupport
import Testing

/// A client that asks for job after job, each again under its key until there is an answer.
final class JobStream: Sendable {
    private let house: House
    private let pause: Duration
    private let isOver = Atomic(false)

    init(_ house: House, perSecond rate: Int) {
        self.house = house
        pause = .milliseconds(1000 / rate)
    }

    func stop() { isOver.store(true, ordering: .relaxed) }

    /// Returns how many jobs were asked for.
    func run() async throws -> Int {
        var number = 0
        while !isOver.load(ordering: .relaxed) {
            number += 1
            let job = number
            _ = try await eventually("an answer about job \(job)") {
                try? await house.install(number: job, "greeting")
            }
            try await throughout("the time between two requests", for: pause) { true }
        }
        return number
    }
}

extension House {
    /// Has a fault happen again and again under a stream of jobs; every job is accepted, runs once and comes to its end.
    ///
    /// - Parameters:
    ///   - rate: jobs asked for in a second.
    ///   - rounds: how often it happens in the short form, each time after some more jobs.
    ///   - pause: the time between two of them in the long form.
    ///   - time: how long the long form goes on.
    ///   - limit: how long the jobs may take to their ends after it.
    func bear(
        under rate: Int, rounds: Int, every pause: Duration, for time: Duration, within limit: Duration,
        _ happen: () async throws -> Void
    ) async throws {
        try await panel.stop()
        panel.change(["PANEL_QUEUE_LIMIT": "100000"])
        try await startPanel()
        let clients = JobStream(self, perSecond: rate)
        async let asked = clients.run()
        if Self.isLongRun {
            let end = ContinuousClock.now + time
            while ContinuousClock.now < end {
                try await throughout("the time between two faults", for: pause) { true }
                try await happen()
            }
        } else {
            for _ in 1...rounds {
                let before = accepted.count
                try await eventually("more jobs") { accepted.count >= before + 4 }
                try await happen()
            }
        }
        clients.stop()
        let count = try await asked
        #expect(accepted.count == count)
        try await expectTruth(within: limit)
        #expect(witness.count == 2 * count)
        let delays = try await delays()
        // A gap or a standstill is found within 30 s and a beat; what is behind it waits as well.
        if !Self.isLongRun { #expect(delays[count * 99 / 100] < 45_000) }
        print("delay: of \(count) jobs, p50 \(delays[count / 2]) ms, p99 \(delays[count * 99 / 100]) ms")
    }

    /// How long jobs waited from their acceptance to their scripts' beginning, in milliseconds, the shortest first.
    private func delays() async throws -> [Int64] {
        try await withRecord { store in
            try await store.read { try $0.jobs(JobQuery(limit: .max)) }
        }.compactMap { job in job.beganAt.map { $0.milliseconds - job.createdAt.milliseconds } }.sorted()
    }
}
