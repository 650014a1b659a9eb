/// A moment at which a test may have a process die: before or after a step that has to be durable.
///
/// The name is what `PROVISION_CRASH_AT` takes, in debug builds; in others a passage is nothing at all.
package enum CrashPoint: String, CaseIterable, Sendable {
    // The panel takes a request in: job, message and audit line are written; they are committed.
    case acceptBeforeCommit = "accept.before_commit"
    case acceptAfterCommit = "accept.after_commit"
    // It sends what is committed.
    case publishBeforeXadd = "publish.before_xadd"
    case publishAfterXadd = "publish.after_xadd"
    // It takes events in: they are read; one of an agent is looked at; applied; committed; acknowledged.
    case ingestBeforeRead = "ingest.before_read"
    case ingestEvent = "ingest.event"
    case ingestBeforeCommit = "ingest.before_commit"
    case ingestAfterCommit = "ingest.after_commit"
    case ingestAfterAck = "ingest.after_ack"
    // It looks at an agent's beat.
    case sweepBeat = "sweep.beat"
    // It has noted that an agent speaks under another key than before, or for the first time.
    case rotate
    // It puts a backup in the record's place: it has copied it; begun new epochs in the copy; set one more of the record's
    // own files aside; put the copy in its place.
    case restoreAfterCopy = "restore.after_copy"
    case restoreAfterEpochs = "restore.after_epochs"
    case restoreSetAside = "restore.set_aside"
    case restoreAfterRename = "restore.after_rename"

    // The agent gives its sign of life.
    case beatBefore = "hb.before"
    case beatAfter = "hb.after"
    // It looks at an order of the panel in whole: one that came, or one that its journal holds.
    case receiveOrder = "recv.order"
    // It writes a message of the panel into its journal.
    case receiveBeforeJournal = "recv.before_journal"
    case receiveAfterJournal = "recv.after_journal"
    // It writes a claim into its journal.
    case claimBefore = "claim.before"
    case claimAfter = "claim.after"
    // It may start an attempt, and has not begun to.
    case permit
    // It reports events.
    case eventBeforeXadd = "event.before_xadd"
    case eventAfterXadd = "event.after_xadd"
    // It removes the folder of an attempt whose end the panel has.
    case prune

    // The runner makes the script's process, and writes down that it began before it lets it go.
    case spawnBeforeFork = "spawn.before_fork"
    case spawnAfterFork = "spawn.after_fork"
    case spawnBeforeBegan = "spawn.before_began"
    case spawnAfterBegan = "spawn.after_began"
    // It puts the result in place.
    case resultBeforeFsync = "result.before_fsync"
    case resultAfterRename = "result.after_rename"

    /// A program that passes crash points.
    package enum Program: Sendable {
        case panel
        case agent
        case runner
    }

    /// The program that passes this one.
    package var program: Program {
        switch self {
        case .acceptBeforeCommit, .acceptAfterCommit, .publishBeforeXadd, .publishAfterXadd,
            .ingestBeforeRead, .ingestEvent, .ingestBeforeCommit, .ingestAfterCommit, .ingestAfterAck,
            .sweepBeat, .rotate, .restoreAfterCopy, .restoreAfterEpochs, .restoreSetAside,
            .restoreAfterRename:
            .panel
        case .beatBefore, .beatAfter, .receiveOrder, .receiveBeforeJournal, .receiveAfterJournal,
            .claimBefore, .claimAfter,
            .permit, .eventBeforeXadd, .eventAfterXadd, .prune:
            .agent
        case .spawnBeforeFork, .spawnAfterFork, .spawnBeforeBegan, .spawnAfterBegan, .resultBeforeFsync,
            .resultAfterRename:
            .runner
        }
    }

    /// The process comes to this point, and ends here if that is its plan.
    ///
    /// ExecKit has the same for itself: what crosses modules is called in a release build though it does nothing.
    func pass(_ agent: AgentID? = nil) {
        #if DEBUG
            CrashPlan.note(self, agent?.description)
        #endif
    }
}
