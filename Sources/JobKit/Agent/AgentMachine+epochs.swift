// A panel that was restored from a backup begins a new epoch: what runs goes on, what waits is offered anew, and
// what was done is told.
extension AgentMachine {
    /// Has the archive read, on the panel's signed word that a new epoch began; nothing of that epoch counts before.
    mutating func prepare(epoch: Int) {
        guard epoch > epochToBegin ?? received.epoch else { return }
        if epochToBegin == nil { effects.append(.recollect) }
        epochToBegin = epoch
    }

    /// Takes up the new epoch, and tells the panel what became of all attempts of the last 30 days.
    ///
    /// Before anything else: of what goes on the panel may never have heard.
    ///
    /// - Parameter archive: what the journal has archived.
    public mutating func recollect(_ archive: [AttemptSummary]) {
        if let epoch = epochToBegin, epoch > received.epoch {
            let kept = order.filter { attempts[$0]?.goesOn ?? false }
            for attempt in kept where attempts[attempt]?.hasAnythingToTell ?? false {
                attempts[attempt]?.isToBeFollowed = true
            }
            write(.epoch(epoch, keeping: kept))
            enter(epoch: epoch, keeping: kept)
            isHistoryUntold = true
        }
        epochToBegin = nil
        guard isHistoryUntold else { return }
        isHistoryUntold = false
        tell(archive)
        for attempt in order where attempts[attempt]?.isToBeFollowed ?? false {
            effects.append(.follow(attempt, afterRecord: 0))
        }
    }

    /// Begins both histories anew, with the attempts that go on.
    mutating func enter(epoch: Int, keeping kept: [AttemptID]) {
        for attempt in order where !kept.contains(attempt) {
            // What was called off, and not yet put down, is not to come back.
            let isCancelled = attempts[attempt]?.isCancelled ?? false
            if attempts[attempt]?.end == nil { attempts[attempt]?.end = isCancelled ? .withdrawn : .waiting }
            leave(attempt)
        }
        order = kept.filter { attempts[$0] != nil }
        for attempt in order {
            attempts[attempt]?.phase = .running
            attempts[attempt]?.hasBegun = false
            attempts[attempt]?.logged = 0
            attempts[attempt]?.end = nil
            attempts[attempt]?.isCarriedOver = true
        }
        received = StreamPosition(epoch: epoch, number: 0)
        downHead = ChainHead(genesis: .down, agent: agent, epoch: epoch)
        (cursor, lastEvent, reported) = (0, 0, 0)
        heads = [0: ChainHead(genesis: .up, agent: agent, epoch: epoch)]
        events = [:]
        permit = nil
        isToReportAnew = false
        setBackCursor = nil
        if halt == .forked { halt = nil }
    }

    private mutating func tell(_ archive: [AttemptSummary]) {
        // By the panel's clock; where that is not known yet, everything there is.
        let today = heard?.panelTime ?? Timestamp(milliseconds: .min)
        let first = today.advanced(bySeconds: -AttemptSummary.days * 86_400)
        var known: [AttemptID: AttemptSummary] = [:]
        for summary in archive + past where summary.order.issuedAt >= first && summary.fits {
            known[summary.order.attempt] = summary
        }
        for attempt in order {
            known[attempt] = attempts[attempt]?.summary.map { AttemptSummary(order: $0.order, end: nil) }
        }
        let told = known.values.sorted { left, right in
            (left.order.attempt.job.description, left.order.attempt.number)
                < (right.order.attempt.job.description, right.order.attempt.number)
        }
        let parts = told.inParts()
        for (index, part) in parts.enumerated() {
            emit(.inventory(part, live: index == parts.count - 1 ? order : nil))
        }
    }

    /// Forgets an attempt: its summary stays where it is over, and whatever it left on the server goes.
    mutating func leave(_ attempt: AttemptID) {
        if let summary = attempts[attempt]?.summary, summary.end != nil { past.append(summary) }
        attempts[attempt] = nil
        effects.append(.discard(attempt))
    }
}

extension AgentMachine.Attempt {
    /// Whether it goes on in a new epoch: a script runs, or its output and result are on the disk to be told again.
    var goesOn: Bool {
        switch (phase, end) {
        case (.running, _): true
        case (.ended, .ended(let result)): result.ending != .interrupted(.stateLost) && !hasNoTraces
        default: false
        }
    }

    /// Whether a runner has told anything of it; else it has yet to be started, and is followed from its start.
    var hasAnythingToTell: Bool { hasBegun || logged > 0 || end != nil }

    /// What there is to tell of it, or nil for a message that orders nothing.
    var summary: AttemptSummary? { job.map { AttemptSummary(order: $0.order, end: end) } }
}
