import Dispatch
import Glibc
import JobKit
import Synchronization
import TestSupport

@testable import RedisQueue

/// Many agents that beat and listen and run nothing: each with the shipped machine and two connections of its own, all
/// of them in one thread.
final class AgentCrowd: Sendable {
    /// When an agent's last beat was taken, and when the panel's last word came.
    struct Standing: Sendable {
        var beat = ContinuousClock.now
        var word = ContinuousClock.now
    }

    /// Their names.
    let agents: [AgentID]
    private let shared: Mutex<[Standing]>
    private let isOver = Atomic(false)

    /// They come at once.
    init(_ count: Int, url: String) throws {
        let url = try RedisURL(url)
        agents = (1...count).map { .sample("crowd-\($0)") }
        let standing = Standing()
        shared = Mutex(Array(repeating: standing, count: count))
        let members = agents.map { CrowdMember($0, url: url) }
        // A serial queue of its own: its thread waits in the kernel.
        DispatchQueue(label: "EndToEndTests.AgentCrowd").async { [weak self] in
            while let self, !self.isOver.load(ordering: .relaxed) {
                for (index, member) in members.enumerated() {
                    let (isBeaten, isHeard) = member.turn()
                    let now = ContinuousClock.now
                    self.shared.withLock { standings in
                        if isBeaten { standings[index].beat = now }
                        if isHeard { standings[index].word = now }
                    }
                }
                poll(nil, 0, 50)
            }
        }
    }

    deinit { end() }

    /// They hang up.
    func end() { isOver.store(true, ordering: .relaxed) }

    /// Whether all have beaten and been answered since then.
    func isHeard(since moment: ContinuousClock.Instant) -> Bool {
        shared.withLock { $0.allSatisfy { $0.beat > moment && $0.word > moment } }
    }
}

/// One of them; touched by one thread.
private final class CrowdMember: @unchecked Sendable {
    private struct Line {
        var link: RedisLink?
        var backoff = RedisBackoff()
        var opensAt = ContinuousClock.now
        /// Replies that are on their way, and when they are overdue.
        var awaited = 0
        var deadline = ContinuousClock.now
    }

    private let agent: AgentID
    private let url: RedisURL
    private let keys = RedisKeys(prefix: RedisJobQueue.defaultPrefix)
    private var machine: AgentMachine
    private var heardRun: Int?
    private var asking = Line()
    private var waiting = Line()
    private var beatsAt = ContinuousClock.now

    init(_ agent: AgentID, url: RedisURL) {
        self.agent = agent
        self.url = url
        let session = (0..<16).map { _ in UInt8.random(in: 0...255) }
        machine = AgentMachine(
            agent: agent,
            session: session.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined(),
            keys: Fixtures.keyring.keys(for: agent))
    }

    /// Does what is to be done, and waits for nothing: whether a beat was taken, and whether there was news.
    func turn() -> (isBeaten: Bool, isHeard: Bool) {
        if beatsAt <= .now, asking.awaited == 0 { say(beat, over: &asking, within: .seconds(5)) }
        let isBeaten = !replies(over: &asking).isEmpty && asking.awaited == 0
        // As agents do it, never in step with each other.
        if isBeaten { beatsAt = .now + .milliseconds(Int.random(in: 8_000...12_000)) }

        if waiting.awaited == 0 { say([wait], over: &waiting, within: .seconds(15)) }
        let streams = replies(over: &waiting).map { RedisStream.streams($0) }
        for stream in streams { take(stream) }
        return (isBeaten, streams.contains { !$0.isEmpty })
    }

    private var now: Moment {
        let clock = ContinuousClock.now - Self.start
        return Moment(wall: Fixtures.time, boot: clock.components.seconds * 1000)
    }

    private static let start = ContinuousClock.now

    private var beat: [[RedisArgument]] {
        let envelope = machine.beat(
            received: machine.received, at: now, bootID: "boot", version: "crowd",
            facts: ["os_id": "debian", "os_version": "12"])
        return [
            [
                "SET", keys.beat(agent), RedisArgument(envelope ?? []), "EX",
                RedisArgument(RedisJobQueue.beatLife),
            ],
            ["PUBLISH", RedisArgument(keys.bell(agent)), ""],
        ]
    }

    private var wait: [RedisArgument] {
        [
            "XREAD", "COUNT", 16, "BLOCK", 10_000, "STREAMS", keys.down(agent), keys.acknowledgement(agent),
            RedisStream.id(machine.received), RedisArgument(machine.mark?.rawValue ?? "0-0"),
        ]
    }

    private func take(_ streams: [RedisArgument: [(id: String, envelope: [UInt8])]]) {
        var delivery = Delivery()
        delivery.entries = RedisStream.streamEntries(streams[keys.down(agent)] ?? [])
        if let (id, envelope) = streams[keys.acknowledgement(agent)]?.last {
            delivery.acknowledgement = (envelope, AcknowledgementMark(id))
        }
        machine.take(delivery, at: now)
        _ = machine.takeDecisions()
        // A panel that has just met this agent believes no beat before it is answered.
        if machine.heardRun != heardRun { beatsAt = .now }
        heardRun = machine.heardRun
    }

    private func say(_ commands: [[RedisArgument]], over line: inout Line, within time: Duration) {
        guard line.opensAt <= .now else { return }
        if line.link == nil {
            line.link = try? RedisLink.open(url, name: "crowd", until: .now + .seconds(5))
            guard line.link != nil else {
                line.opensAt = .now + line.backoff.next()
                return
            }
            line.backoff = RedisBackoff()
        }
        line.link?.enqueue(RedisCommandFormat.bytes(of: commands))
        line.awaited = commands.count
        line.deadline = .now + time
    }

    /// What has come; a line that breaks, refuses or falls silent is given up.
    private func replies(over line: inout Line) -> [RedisReply] {
        guard let link = line.link, line.awaited > 0 else { return [] }
        do {
            let replies = try link.exchange(waker: nil, until: .now)
            line.awaited -= replies.count
            for case .error(let text) in replies { throw SystemFailure(text) }
            guard line.awaited == 0 || line.deadline > .now else { throw SystemFailure("no answer in time") }
            return replies
        } catch {
            line = Line()
            return []
        }
    }
}
