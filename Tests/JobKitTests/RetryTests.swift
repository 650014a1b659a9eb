import JobKit
import ManifestKit
import TestSupport
import Testing

/// Whether and when a job is tried again: the manifest's rule within the platform's bounds.
@Suite struct RetryTests {
    private static func job(_ rule: RetryRule, isIdempotent: Bool = true, number: Int = 1) -> JobRecord {
        let sample = JobRecord.sample(number)
        return JobRecord(
            id: sample.id, agent: sample.agent, application: sample.application, action: "install",
            inputs: [:], sealed: [:], actor: "ops", createdAt: sample.createdAt, expiresAt: sample.expiresAt,
            terms: JobTerms(timeoutSeconds: 60, isIdempotent: isIdempotent, retry: rule))
    }

    /// Fails every attempt until the job is final, and returns the pauses between them in seconds.
    private static func pauses(
        _ rule: RetryRule, _ ending: AttemptResult.Ending, number: Int = 1
    ) throws -> [Double] {
        var job = job(rule, number: number)
        var pauses: [Double] = []
        for attempt in 1... {
            job = try job.after(.claimed(attempt: attempt))
            if case .interrupted = ending {
            } else {
                job = try job.after(.began(attempt: attempt, at: job.createdAt))
            }
            let now = job.createdAt.advanced(bySeconds: attempt)
            let event = JobEvent.finished(attempt: attempt, .sample(ending))
            guard case .changed(let next) = try job.applying(event, at: now) else { break }
            job = next
            guard let due = job.retryAt else { break }
            pauses.append(Double(due.milliseconds - now.milliseconds) / 1000)
            job = try job.after(.retryDue)
        }
        #expect(job.state == .failed)
        return pauses
    }

    @Test func doublesThePauseUpToItsBound() throws {
        let rule = RetryRule(maxAttempts: 6, backoff: .exponential, baseSeconds: 10, maxSeconds: 60)
        let pauses = try Self.pauses(rule, .exited(code: 2))
        #expect(pauses.count == 5)
        for (pause, least) in zip(pauses, [10.0, 20, 40, 60, 60]) {
            #expect((least...least * 1.5).contains(pause), "\(pause) after \(least)")
        }
    }

    @Test func keepsAFixedPause() throws {
        let rule = RetryRule(maxAttempts: 4, backoff: .fixed, baseSeconds: 30, maxSeconds: 600)
        #expect(try Self.pauses(rule, .exited(code: 75)).allSatisfy { (30...45).contains($0) })
    }

    @Test func waitsNoLongerThanAQuarterOfAnHour() throws {
        let rule = RetryRule(maxAttempts: 10, backoff: .exponential, baseSeconds: 86_400, maxSeconds: 86_400)
        #expect(try Self.pauses(rule, .exited(code: 2)).allSatisfy { (600...900).contains($0) })
    }

    @Test func stopsAtTheThirdInterruptionWhateverTheManifestSays() throws {
        let rule = RetryRule(maxAttempts: 10, backoff: .fixed, baseSeconds: 1, maxSeconds: 1)
        #expect(try Self.pauses(rule, .interrupted(.runnerDied)).count == 2)
        #expect(try Self.pauses(rule, .exited(code: 2)).count == 9)
    }

    @Test(arguments: [1, 3, 124, 126, 127]) func neverRetriesWhatWillNotPass(code: Int) throws {
        #expect(try Self.pauses(.standard, .exited(code: code)) == [])
    }

    /// A thousand jobs that failed in one moment come back over half the pause, not all at once.
    @Test func spreadsACrowd() throws {
        let rule = RetryRule(maxAttempts: 2, backoff: .fixed, baseSeconds: 100, maxSeconds: 100)
        var tenths: [Int: Int] = [:]
        for number in 1...1000 {
            let pause = try #require(try Self.pauses(rule, .exited(code: 2), number: number).first)
            tenths[Int((pause - 100) / 5), default: 0] += 1
        }
        #expect(tenths.count == 10)
        #expect(tenths.values.allSatisfy { (50...200).contains($0) }, "\(tenths)")
    }

    @Test func leavesAJobThatIsNotIdempotentAlone() throws {
        let job = try Self.job(.standard, isIdempotent: false).after(
            .claimed(attempt: 1), .began(attempt: 1, at: Fixtures.time),
            .finished(attempt: 1, .sample(.exited(code: 2))))
        #expect(job.state == .failed)
    }

    /// What nobody saw may have run: a later refusal or cancel must not say that nothing did.
    @Test func doesNotCallAnInterruptedJobOneThatNeverRan() throws {
        let waiting = try Self.job(.standard).after(
            .claimed(attempt: 1), .finished(attempt: 1, .sample(.interrupted(.stateLost))))
        #expect(try waiting.after(.cancelRequested).reason == .betweenAttempts)
        let refused = try waiting.after(.retryDue, .refused(attempt: 2, Refusal(.expired, "too late")))
        #expect(refused.state == .failed)
        #expect(refused.reason == .retryRefused)
        #expect(try waiting.after(.revoked).reason == .retryRefused)
    }
}
