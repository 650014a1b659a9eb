import Glibc
import Testing

@testable import ExecKit

/// The kernel's accounts as files of the same names and texts.
@Suite("Counting deaths for want of memory") struct OutOfMemoryTests {
    private let scratch = ScratchFolder()

    /// Puts a text in the place of a file's.
    private func set(_ folder: Directory, _ name: String, _ text: String) throws {
        folder.remove(name)
        try folder.create(name, Array(text.utf8))
    }

    private static func events(_ kills: Int) -> String {
        "low 0\nhigh 0\nmax 24\noom 5\noom_kill \(kills)\noom_group_kill 0\n"
    }

    private static func control(_ kills: Int) -> String {
        "oom_kill_disable 0\nunder_oom 0\noom_kill \(kills)\n"
    }

    /// F40.
    @Test func f40OfTheAttemptsOwnGroupCount() throws {
        let group = try scratch.fresh()
        try set(group, "memory.events", Self.events(0))
        let count = OutOfMemoryCount(group: group, memory: nil)
        #expect(!count.hasGrown)
        try set(group, "memory.events", Self.events(1))
        #expect(count.hasGrown)
    }

    /// F40: where the attempt's group has no account, the agent's has; what it held before is not the attempt's.
    @Test func f40OfAGroupAboveCountFromTheBeginningOn() throws {
        let above = try scratch.fresh()
        try set(above, "cgroup.procs", "")
        try set(above, "memory.events", Self.events(7))
        let between = try above.makeDirectory("agent")
        try set(between, "cgroup.procs", "")
        let group = try between.makeDirectory("attempt")
        let count = OutOfMemoryCount(group: group, memory: nil)
        #expect(!count.hasGrown)
        try set(above, "memory.events", Self.events(8))
        #expect(count.hasGrown)
    }

    /// F40.
    @Test func f40OfVersion1CountWhereVersion2HasNoAccount() throws {
        let (group, memory) = (try scratch.fresh(), try scratch.fresh())
        try set(memory, "memory.oom_control", Self.control(3))
        let count = OutOfMemoryCount(group: group, memory: memory)
        #expect(!count.hasGrown)
        try set(memory, "memory.oom_control", Self.control(4))
        #expect(count.hasGrown)
    }

    @Test func areNoneWithoutAnAccount() throws {
        let above = try scratch.fresh()
        try set(above, "memory.events", Self.events(0))
        // What lies above is no cgroup.
        let count = OutOfMemoryCount(group: try above.makeDirectory("attempt"), memory: nil)
        try set(above, "memory.events", Self.events(1))
        #expect(!count.hasGrown)
    }
}
