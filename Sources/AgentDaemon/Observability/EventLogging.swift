import JobKit
import Logging

/// The worker's events as log lines, with one vocabulary of keys: job, app, agent, attempt, state, reason.
struct EventLogging: Sendable {
    let logger: Logger

    @Sendable func worker(_ event: AgentWorker.Event) {
        switch event {
        case .recovered(let session, let attempts):
            logger.info("agent works", metadata: ["session": "\(session)", "attempts": "\(attempts)"])
        case .cleared(let attempts):
            for attempt in attempts {
                logger.error("script ended whose folder in AGENT_STATE is gone", metadata: keys(attempt, [:]))
            }
        case .linkFailed(let error): logger.warning("redis failed", metadata: ["error": "\(error)"])
        case .linkRestored: logger.info("redis answers again")
        case .stuck(let reason):
            logger.error("message refused; the panel has to send it again", metadata: ["reason": "\(reason)"])
        case .unanswered(_, let event?):
            logger.error(
                """
                the panel's record is older than this agent's, and nothing is started for it; \
                put the panel's newest backup in place with 'PanelServer --restore BACKUP'
                """,
                metadata: ["event": "\(event)"])
        case .unanswered(let seconds, nil):
            logger.warning(
                "no answer of the panel; does it run, on this Redis, and are the keys of both sides right?",
                metadata: ["seconds": "\(seconds)"])
        case .answered: logger.info("the panel answers again")
        case .halted(let halt):
            logger.critical("nothing is started any more", metadata: ["reason": "\(halt.rawValue)"])
        case .historyUnreadable(let error):
            logger.critical(
                "the archive cannot be read, and the restored panel waits for it",
                metadata: ["error": "\(error)"])
        case .starting(let attempt, let application):
            logger.info("script starts", metadata: keys(attempt, ["app": "\(application)"]))
        case .postponed(let attempt):
            logger.warning(
                "start put off: too few files can be opened (LimitNOFILE), or a script that ended left what cannot be killed",
                metadata: keys(attempt, [:]))
        case .refused(let attempt, let refusal):
            logger.error("attempt refused", metadata: keys(attempt, ["reason": "\(refusal)"]))
        case .setAside:
            logger.critical("agents died of an order; it is refused unread", metadata: ["reason": "poison"])
        case .ended(let attempt, let result):
            logger.info(
                "script ended",
                metadata: keys(
                    attempt,
                    [
                        "state": "\(result.ending.name)",
                        "exit_code": "\(result.exitCode.map { String($0) } ?? "")",
                        "duration_ms": "\(result.durationMilliseconds.map { String($0) } ?? "")",
                    ]))
        }
    }

    private func keys(_ attempt: AttemptID, _ more: Logger.Metadata) -> Logger.Metadata {
        more.merging(["job": "\(attempt.job)", "attempt": "\(attempt.number)"]) { $1 }
    }
}
