// What comes from outside: messages, acknowledgements, answers of the host.
extension AgentMachine {
    /// Takes in what the wire brought; anything of it may be forged.
    ///
    /// - Parameters:
    ///   - delivery: what came.
    ///   - now: both clocks of the server.
    ///   - scrutiny: how closely its messages are looked at.
    /// - Returns: whether any of it was news.
    @discardableResult
    public mutating func take(
        _ delivery: Delivery, at now: Moment, _ scrutiny: Scrutiny = .whole
    ) -> Bool {
        var isNews = false
        for entry in delivery.entries {
            guard take(entry, scrutiny) else { break }
            isNews = true
        }
        if let (bytes, _) = delivery.acknowledgement,
            let acknowledgement = try? Acknowledgement(verifying: bytes, keys: keys)
        {
            isNews = take(acknowledgement, at: now) || isNews
        }
        noteSeen(delivery, isStuck: !isNews && !delivery.entries.isEmpty)
        advance(at: now)
        return isNews
    }

    /// Whether a start that was decided is still wanted.
    public func mayStart(_ attempt: AttemptID, at now: Moment) -> Bool {
        guard halt == nil, !isHistoryUntold, epochToBegin == nil, let state = attempts[attempt],
            let job = state.job, let permit
        else { return false }
        let panelTime = permit.acknowledgement.panelTime
            .advanced(byMilliseconds: now.boot - permit.receivedAt)
        return state.phase == .running && !state.isCancelled && panelTime <= job.order.expiresAt
    }

    /// Notes that an attempt is set out: its place is there.
    public mutating func noteSetOut(_ attempt: AttemptID) { attempts[attempt]?.starts += 1 }

    /// Takes in that an attempt of this run was turned away by the host; nothing of it ran.
    public mutating func take(_ refusal: Refusal, of attempt: AttemptID, at now: Moment) {
        guard attempts[attempt]?.phase == .running else { return }
        finish(attempt, .refused(attempt, refusal))
        advance(at: now)
    }

    /// Notes that an attempt is followed from now on, and by nobody else, its output from the record after `record`.
    public mutating func noteFollowing(_ attempt: AttemptID, afterRecord record: Int) {
        if attempts[attempt]?.logged == record { attempts[attempt]?.isToBeFollowed = false }
    }

    /// Takes in what the host tells of an attempt.
    public mutating func take(_ events: [AttemptEvent], of attempt: AttemptID, at now: Moment) {
        guard let state = attempts[attempt], state.phase == .running, !state.isToBeFollowed else { return }
        var batch: [LogRecord] = []
        func flush(_ machine: inout AgentMachine) {
            if let last = batch.last {
                machine.emit(.log(attempt, batch))
                machine.attempts[attempt]?.logged = last.number
                batch = []
            }
        }
        for event in events {
            switch event {
            case .began(let moment):
                guard attempts[attempt]?.hasBegun == false else { continue }
                emit(.began(attempt, at: moment))
                attempts[attempt]?.hasBegun = true
                // A wish that came while the script was being started found nothing to end.
                if attempts[attempt]?.isCancelled == true { effects.append(.cancel(attempt)) }
            case .log(let record):
                if batch.reduce(record.bytes.count, { $0 + $1.bytes.count }) > Self.logBytesInEvent {
                    flush(&self)
                }
                batch.append(record)
            case .ended(let result):
                flush(&self)
                finish(attempt, .ended(attempt, result))
            case .neverBegan where state.hasBegun || state.logged > 0:
                // Its traces contradict what they have told: who knows what else is gone.
                finish(attempt, .ended(attempt, .stateLost(at: now.wall)))
            case .neverBegan: attempts[attempt]?.phase = .queued
            }
        }
        flush(&self)
        advance(at: now)
    }

    /// Output in one event at most; base64 twice and the signature still fit into an envelope.
    static let logBytesInEvent = 24 * 1024

    private mutating func take(_ entry: StreamEntry, _ scrutiny: Scrutiny) -> Bool {
        let verdict = verifier.judge(entry, after: received, head: downHead, scrutiny)
        switch verdict {
        case .accept(let message):
            obstacle = nil
            write(message.line)
            keep(message)
            if case .unacceptable(let attempt, let refusal) = message.content {
                finish(attempt, .refused(attempt, refusal))
            }
            return true
        case .known: return true
        case .gap, .refused: break
        case .forked: haltOverFork()
        }
        obstacle = verdict.obstacle
        return false
    }

    /// Follows a verified message: the chain moves on, an attempt is queued, a cancel is noted.
    mutating func keep(_ message: VerifiedDownlink) {
        received = message.position
        downHead = ChainHead(after: message.payload)
        switch message.content {
        case .job(let job): add(job.order.attempt, message)
        case .unacceptable(let attempt, _): add(attempt, message)
        case .cancel(let job, _):
            for attempt in order where attempt.job == job { cancel(attempt) }
        }
    }

    private mutating func add(_ attempt: AttemptID, _ message: VerifiedDownlink) {
        guard attempts[attempt] == nil else { return }
        attempts[attempt] = Attempt(received: message)
        order.append(attempt)
    }

    private mutating func cancel(_ attempt: AttemptID) {
        attempts[attempt]?.isCancelled = true
        if attempts[attempt]?.phase == .running { effects.append(.cancel(attempt)) }
    }

    private mutating func take(_ news: Acknowledgement, at now: Moment) -> Bool {
        guard news.agent == agent else { return false }
        heard = news
        prepare(epoch: news.epoch)
        guard news.epoch == received.epoch else {
            // A panel that went back behind a restoration knows nothing of this epoch.
            if news.epoch < received.epoch { setBackCursor = news.cursor }
            return false
        }
        if let last = permit?.acknowledgement {
            guard news.generation > last.generation else {
                // A panel that is set back may count anew, but its clock goes on.
                if news.panelTime > last.panelTime, news.cursor < last.cursor { haltOverFork() }
                return false
            }
        }
        setBackCursor = news.cursor < cursor ? news.cursor : nil
        guard news.cursor >= cursor else { return false }
        guard news.cursor <= lastEvent, heads[news.cursor] == news.head else {
            haltOverFork()
            return true
        }
        permit = Permit(acknowledgement: news, receivedAt: now.boot)
        forget(through: news.cursor)
        effects += strays.filter { attempts[$0] == nil }.map { .discard($0) }
        strays = []
        isToReportAnew = news.need == cursor + 1 && reported > cursor
        return true
    }

    /// Starts nothing any more before a new epoch; a reason that only a person ends stays.
    private mutating func haltOverFork() { halt = halt ?? .forked }

    private mutating func forget(through number: Int) {
        guard number > cursor else { return }
        for covered in cursor..<number {
            events[covered + 1] = nil
            heads[covered] = nil
        }
        cursor = number
        reported = max(reported, number)
        writeLater(.acknowledged(number))
        forgetEndedAttempts()
    }

    mutating func forgetEndedAttempts() {
        for attempt in order {
            guard case .ended(let last)? = attempts[attempt]?.phase, last <= cursor else { continue }
            leave(attempt)
        }
        order.removeAll { attempts[$0] == nil }
    }
}
