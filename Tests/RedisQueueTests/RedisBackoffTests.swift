import Testing

@testable import RedisQueue

@Suite("Pauses between attempts to connect") struct RedisBackoffTests {
    @Test func growUpToASecondAndNeverBeyond() {
        let longest = (0..<20).map { attempt in
            (0..<200).map { _ in pause(before: attempt) }.max() ?? .zero
        }
        #expect(longest.allSatisfy { $0 > .zero && $0 <= RedisBackoff.cap })
        #expect(longest[0] <= .milliseconds(20))
        #expect(longest[1] <= .milliseconds(40))
        #expect(longest[19] > .milliseconds(500))
    }

    @Test func areSpreadOverTheWholeSpan() {
        let pauses = (0..<200).map { _ in pause(before: 19) }
        #expect(pauses.contains { $0 < .milliseconds(250) })
        #expect(pauses.contains { $0 > .milliseconds(750) })
    }

    private func pause(before attempt: Int) -> Duration {
        var backoff = RedisBackoff()
        for _ in 0..<attempt { _ = backoff.next() }
        return backoff.next()
    }
}
