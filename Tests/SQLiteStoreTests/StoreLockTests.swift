import Dispatch
import Glibc
import Synchronization
import TestSupport
import Testing

@testable import SQLiteStore

@Suite struct StoreLockTests {
    /// As a child has one between its start and its program's.
    @Test func isGivenUpThoughSomebodyHasACopyOfItsDescriptor() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("record.lock")
        var lock: StoreLock? = try StoreLock(path: path)
        let copy = dup(try #require(descriptor(of: path)))
        defer { close(copy) }
        #expect(throws: StoreError.self) { try StoreLock(path: path) }
        lock = nil
        #expect(throws: Never.self) { try StoreLock(path: path) }
        withExtendedLifetime(lock) {}
    }

    /// A number that is closed twice is somebody else's by then.
    @Test func closesNothingOfOthersWhereItIsHeld() throws {
        let folder = try TemporaryDirectory()
        let path = folder.path("record.lock")
        let lock = try StoreLock(path: path)
        let isOver = Atomic(false)
        let lost = Atomic(0)
        DispatchQueue.concurrentPerform(iterations: 2) { index in
            if index == 0 {
                for _ in 0..<1_000 { _ = try? StoreLock(path: path) }
                isOver.store(true, ordering: .relaxed)
            } else {
                while !isOver.load(ordering: .relaxed) {
                    let own = dup(STDERR_FILENO)
                    if close(own) != 0 { lost.add(1, ordering: .relaxed) }
                }
            }
        }
        #expect(lost.load(ordering: .relaxed) == 0)
        withExtendedLifetime(lock) {}
    }

    private func descriptor(of path: String) -> CInt? {
        var wanted = stat()
        guard stat(path, &wanted) == 0 else { return nil }
        return (0..<CInt(4096)).first { number in
            var found = stat()
            return fstat(number, &found) == 0 && found.st_ino == wanted.st_ino
                && found.st_dev == wanted.st_dev
        }
    }
}
