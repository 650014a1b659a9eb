// What the agent does next, and what it tells.
extension AgentMachine {
    /// Claims, starts, withdraws or refuses whatever is next; call it when time has passed, too.
    public mutating func advance(at now: Moment) {
        guard halt == nil, !isHistoryUntold, epochToBegin == nil else { return }
        for attempt in order {
            refuseIfUnacceptable(attempt)
            withdrawIfCancelled(attempt)
        }
        // On hold nothing is claimed either: a claim is made for a start of this minute.
        guard permit?.acknowledgement.isHeld != true else { return }
        for attempt in order { startIfPermitted(attempt, at: now) }
        var active = order.count { attempts[$0]?.phase.isActive ?? false }
        for attempt in order where active < Self.slots && attempts[attempt]?.phase == .queued {
            claim(attempt, at: now)
            active += 1
        }
    }

    private mutating func claim(_ attempt: AttemptID, at now: Moment) {
        emit(.claimed(attempt))
        attempts[attempt]?.phase = .claimed(number: lastEvent)
        attempts[attempt]?.claimedAt = now.boot
    }

    /// Answers for an order that is not to be followed, where its answer was cut off behind it, or it was taken in
    /// whole by an earlier run.
    private mutating func refuseIfUnacceptable(_ attempt: AttemptID) {
        guard let state = attempts[attempt], state.phase == .queued,
            case .unacceptable(_, let refusal) = state.received.content
        else { return }
        finish(attempt, .refused(attempt, refusal))
    }

    private mutating func withdrawIfCancelled(_ attempt: AttemptID) {
        guard let state = attempts[attempt], state.isCancelled else { return }
        switch state.phase {
        case .queued, .claimed: finish(attempt, .withdrawn(attempt))
        case .running, .ended: break
        }
    }

    /// The start permit: an acknowledgement covers a claim of this minute, and everything that
    /// the panel had committed by then has been read, so that no cancel is overlooked.
    ///
    /// A claim that was answered too late is made anew: only an answer to a young claim is surely
    /// a young answer. Expiry is judged by the latest time that it can be for the panel.
    private mutating func startIfPermitted(_ attempt: AttemptID, at now: Moment) {
        guard let state = attempts[attempt], case .claimed(let number) = state.phase, let job = state.job,
            let permit, number <= permit.acknowledgement.cursor,
            permit.acknowledgement.sent <= received.number
        else { return }
        let age = now.boot - state.claimedAt
        guard (0...Self.permitLife).contains(age) else { return claim(attempt, at: now) }
        if permit.acknowledgement.panelTime.advanced(byMilliseconds: age) > job.order.expiresAt {
            finish(
                attempt, .refused(attempt, Refusal(.expired, "the order expired at \(job.order.expiresAt)")))
        } else {
            attempts[attempt]?.phase = .running
            attempts[attempt]?.hasNoTraces = false
            effects.append(.start(job))
        }
    }

    /// Events that are not yet reported, signed; only what is on the disk may be.
    ///
    /// There are none while the panel is far behind: what it does not take in stays in the journal, and off the wire.
    ///
    /// - Parameters:
    ///   - position: the last event that the journal holds on the disk.
    ///   - limit: the most there may be; also no more than a slow wire carries in seconds, but for one.
    public func unreported(through position: StreamPosition, limit: Int) -> [StreamEntry] {
        let number = min(position.number, lastEvent)
        guard position.epoch == received.epoch, reported < number, let keys = keys.first else { return [] }
        var entries: [StreamEntry] = []
        var byteCount = 0
        let room = min(limit, cursor + Self.reportWindow - reported)
        guard room > 0 else { return [] }
        for number in (reported + 1...number).prefix(room) {
            guard let payload = events[number] else { continue }
            let bytes = SignedEnvelope(signing: payload, kind: .event, keys: keys).bytes
            byteCount += bytes.count
            guard entries.isEmpty || byteCount <= Self.bytesInReport else { break }
            let position = StreamPosition(epoch: received.epoch, number: number)
            entries.append(StreamEntry(position: position, bytes: bytes))
        }
        return entries
    }

    /// How much one report may be if it has more than one event.
    static let bytesInReport = 64 * 1024
    /// How many events the wire holds that the panel has not taken in, at most: 50 MiB of the largest.
    static let reportWindow = 1000

    /// Notes that events up to and with this one are in the stream.
    public mutating func noteReported(through position: StreamPosition) {
        guard position.epoch == received.epoch else { return }
        reported = max(reported, min(position.number, lastEvent))
    }

    /// Notes that the up stream was dropped, with nothing on its way that would be in it again.
    public mutating func noteDropped() {
        reported = cursor
        isToReportAnew = false
    }

    /// Notes what the stream holds under one of our numbers: another authentic event of this number is a twin's.
    ///
    /// Anything else there is noise, ours from another place, or ours under an older key; the panel asks again
    /// for what it cannot take in.
    public mutating func noteFound(_ bytes: [UInt8], at position: StreamPosition) {
        guard position.epoch == received.epoch, let own = events[position.number],
            let envelope = try? SignedEnvelope(parsing: bytes, maximum: SignedEnvelope.maximumUp),
            let payload = try? envelope.verified(as: [.event], keys: keys), payload != own,
            let twin = try? Uplink(payload: payload), twin.position == position
        else { return }
        halt = .identityConflict
    }

    /// The sign of life.
    ///
    /// - Parameters:
    ///   - received: the last downlink message that is on the disk.
    ///   - now: both clocks of the server.
    ///   - bootID: the kernel's name for this boot.
    ///   - version: the agent's own.
    ///   - facts: what the server is, by the facts' names.
    public mutating func beat(
        received: StreamPosition, at now: Moment, bootID: String, version: String,
        facts: [String: String]
    ) -> [UInt8]? {
        guard let keys = keys.first else { return nil }
        beats += 1
        let beat = Beat(
            agent: agent, session: session, count: beats, heard: heard?.generation, received: received,
            stuck: obstacle,
            reported: reported, running: running,
            halted: halt?.rawValue ?? (setBackCursor == nil ? nil : "set_back"), bootID: bootID,
            clock: now.wall, version: version, facts: facts)
        return beat.signed(with: keys).bytes
    }
}

extension AgentMachine.Phase {
    /// Whether it takes one of the slots.
    var isActive: Bool {
        switch self {
        case .claimed, .running: true
        case .queued, .ended: false
        }
    }
}
