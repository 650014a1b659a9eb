// From the journal's lines to a running agent, and back to fewer lines.
extension AgentMachine {
    /// Takes up what the journal holds.
    ///
    /// - Parameters:
    ///   - entries: every line, from the oldest.
    ///   - scrutiny: how closely a message is looked at, by its payload; asked before it is.
    /// - Throws: ``JournalError`` where a line contradicts the ones before it.
    public mutating func replay(
        _ entries: [JournalEntry], _ scrutiny: (_ payload: [UInt8]) -> Scrutiny = { _ in .whole }
    ) throws(JournalError) {
        for entry in entries { try replay(entry, scrutiny) }
        reported = cursor
        forgetEndedAttempts()
        effects = isHistoryUntold ? [.recollect] : []
    }

    private mutating func restore(
        _ payload: [UInt8], _ kind: MessageKind, _ scrutiny: Scrutiny
    ) throws(JournalError) {
        do throws(EnvelopeError) {
            keep(try verifier.restore(payload: payload, kind: kind, scrutiny))
        } catch {
            guard error == .poison else { throw Self.contradiction }
            // The chain goes on behind it, and nothing else does: what it orders nobody knows.
            received.number += 1
            downHead = ChainHead(after: payload)
            halt = .poison
        }
    }

    private mutating func replay(
        _ entry: JournalEntry, _ scrutiny: ([UInt8]) -> Scrutiny
    ) throws(JournalError) {
        switch entry {
        case .identity(let owner, _):
            guard owner == agent else {
                throw JournalError(
                    "the journal belongs to agent '\(owner)', not to '\(agent)': set AGENT_ID back, "
                        + "or move the folder AGENT_STATE away and enrol this server anew")
            }
        case .received(let kind, let payload): try restore(payload, kind, scrutiny(payload))
        case .poison(let payload): try restore(payload, .job, .nameOnly)
        case .event(let payload):
            guard let event = try? Uplink(payload: payload), event.position.number == lastEvent + 1,
                event.previous == heads[lastEvent]
            else { throw Self.contradiction }
            keep(event: payload, number: event.position.number)
            follow(event.event)
        case .acknowledged(let number):
            guard number <= lastEvent, heads[number] != nil || number < cursor else {
                throw Self.contradiction
            }
            drop(through: number)
        case .checkpoint(let received, let downHead, let cursor, let upHead):
            self.received = received
            self.downHead = downHead
            self.cursor = cursor
            lastEvent = cursor
            heads = [cursor: upHead]
        case .starting(let attempt): attempts[attempt]?.starts += 1
        case .epoch(let epoch, let kept):
            if epoch > received.epoch { enter(epoch: epoch, keeping: kept) }
            for attempt in kept { attempts[attempt]?.phase = .claimed(number: 0) }
            isHistoryUntold = true
        case .progress(let attempt, let hasBegun, let logged, let isCancelled, let isCarriedOver):
            attempts[attempt]?.phase = .claimed(number: 0)
            attempts[attempt]?.hasBegun = hasBegun
            attempts[attempt]?.logged = logged
            attempts[attempt]?.isCancelled = isCancelled
            attempts[attempt]?.isCarriedOver = isCarriedOver
        }
    }

    private mutating func drop(through number: Int) {
        guard number > cursor else { return }
        for covered in cursor..<number {
            events[covered + 1] = nil
            heads[covered] = nil
        }
        cursor = number
    }

    private mutating func follow(_ event: AgentEvent) {
        guard let attempt = event.attempt else {
            if case .inventory(_, live: .some) = event { isHistoryUntold = false }
            return
        }
        attempts[attempt]?.end = event.end
        switch event {
        case .claimed: attempts[attempt]?.phase = .claimed(number: lastEvent)
        case .began: attempts[attempt]?.hasBegun = true
        case .log(_, let records): attempts[attempt]?.logged = records.last?.number ?? 0
        case .ended, .refused, .withdrawn: attempts[attempt]?.phase = .ended(number: lastEvent)
        case .inventory: break
        }
    }

    private static let contradiction = JournalError(
        "a line of the journal contradicts the lines before it; enrol this server anew")

    /// Decides what becomes of every attempt that was under way when the agent stopped.
    ///
    /// A claim of an earlier run permits nothing: what has not begun is claimed again.
    public mutating func recover(_ standings: [AttemptID: AttemptStanding], at now: Moment) {
        for attempt in order {
            attempts[attempt]?.hasNoTraces = standings[attempt] == nil
            guard let state = attempts[attempt], case .claimed = state.phase else { continue }
            switch standings[attempt] {
            case .running?, .ended?:
                attempts[attempt]?.phase = .running
                attempts[attempt]?.isToBeFollowed = isHistoryUntold
                if !isHistoryUntold { effects.append(.follow(attempt, afterRecord: state.logged)) }
                if state.isCancelled { effects.append(.cancel(attempt)) }
            case .neverBegan? where !state.hasBegun && state.logged == 0: requeue(attempt)
            // Set out, it had a place; who knows what else is gone with it.
            case .neverBegan?,
                nil where state.hasBegun || state.logged > 0 || state.isCarriedOver || state.starts > 0:
                let result = AttemptResult.stateLost(at: now.wall)
                if isHistoryUntold {
                    attempts[attempt]?.end = .ended(result)
                    leave(attempt)
                } else {
                    finish(attempt, .ended(attempt, result))
                }
            case nil: requeue(attempt)
            }
        }
        // On the word of an older journal that was put back nothing is taken away: the panel has to fit it first.
        // Nor where an order cannot be looked at: it may be that one's.
        strays = standings.filter { halt != .poison && attempts[$0.key] == nil && $0.value != .running }
            .map(\.key).sorted { $0.description < $1.description }
        order.removeAll { attempts[$0] == nil }
        advance(at: now)
    }

    /// Has an attempt that never began claimed anew, but for one of whose start agents die.
    private mutating func requeue(_ attempt: AttemptID) {
        guard !isHistoryUntold, (attempts[attempt]?.starts ?? 0) >= Self.deadliestStart else {
            attempts[attempt]?.phase = .queued
            return
        }
        let sentence = "the agent died \(Self.deadliestStart) times while it started this job"
        finish(attempt, .refused(attempt, Refusal(.poison, sentence)))
    }

    /// The fewest lines from which the same agent comes back, and what goes into the archive; call it only while
    /// ``hasLines`` is false.
    public mutating func compacted(machine: String) -> (lines: [JournalEntry], past: [AttemptSummary]) {
        dropLines()
        defer { past = [] }
        var entries: [JournalEntry] = [.identity(agent: agent, machine: machine)]
        let live = order.compactMap { attempts[$0] }
        entries += live.map(\.received.line)
        for attempt in order {
            guard let state = attempts[attempt], state.phase != .queued || state.isCancelled else { continue }
            entries.append(
                .progress(
                    attempt, hasBegun: state.hasBegun, logged: state.logged, isCancelled: state.isCancelled,
                    isCarriedOver: state.isCarriedOver))
            entries += Array(repeating: .starting(attempt), count: state.starts)
        }
        if let head = heads[cursor] {
            entries.append(.checkpoint(received: received, downHead: downHead, cursor: cursor, upHead: head))
        }
        if isHistoryUntold {
            let kept = order.filter { attempts[$0]?.isCarriedOver ?? false }
            entries.append(.epoch(received.epoch, keeping: kept))
        }
        return (entries + events.sorted { $0.key < $1.key }.map { .event(payload: $0.value) }, past)
    }
}
