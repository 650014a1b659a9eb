import JobKit
import Logging
import ManifestKit

/// The Kits' events as log lines, with one vocabulary of keys: job, app, agent, attempt, state, reason.
struct EventLogging: Sendable {
    let logger: Logger

    /// What was loaded, and every finding with the weight it has.
    func catalog(_ catalog: Catalog) {
        for finding in catalog.diagnostics {
            let level: Logger.Level =
                switch finding.severity {
                case .error: .error
                case .warning: .warning
                case .note: .info
                }
            logger.log(level: level, "manifest", metadata: ["finding": "\(finding)"])
        }
        let leftOut = catalog.leftOut
        for id in leftOut {
            logger.error("application left out: its files have errors", metadata: ["app": "\(id)"])
        }
        logger.info(
            "catalogue loaded",
            metadata: ["apps": "\(catalog.entries.count)", "left_out": "\(leftOut.count)"])
    }

    @Sendable func dispatcher(_ event: JobDispatcher.Event) {
        switch event {
        case .sent(let messages, let agents):
            logger.debug("messages sent", metadata: ["messages": "\(messages)", "agents": "\(agents)"])
        case .linkFailed(let error):
            logger.warning("redis failed while sending", metadata: ["error": "\(error)"])
        case .storeFailed(let error):
            logger.error("record failed while sending", metadata: ["error": "\(error)"])
        case .restarted(let agent): logger.notice("stream made again", metadata: ["agent": "\(agent)"])
        }
    }

    @Sendable func ingestor(_ event: ReportIngestor.Event) {
        switch event {
        case .ingested(let events, let agents):
            logger.debug("events taken in", metadata: ["events": "\(events)", "agents": "\(agents)"])
        case .unbelievable(let agent, let error):
            logger.error(
                "event is not to be believed", metadata: ["agent": "\(agent)", "reason": "\(error.rawValue)"])
        case .quarantined(let agent, let why):
            logger.error("agent quarantined", metadata: ["agent": "\(agent)", "reason": "\(why)"])
        case .linkFailed(let error):
            logger.warning("redis failed while reading", metadata: ["error": "\(error)"])
        case .storeFailed(let error):
            logger.error("record failed while reading", metadata: ["error": "\(error)"])
        case .changed(let job):
            logger.info(
                "job changed",
                metadata: [
                    "job": "\(job.id)", "app": "\(job.application.id)", "agent": "\(job.agent)",
                    "attempt": "\(job.attempt.id.number)", "state": "\(job.state.rawValue)",
                    "reason": "\(job.reason?.rawValue ?? "")",
                ])
        case .logged(let job): logger.trace("output taken in", metadata: ["job": "\(job)"])
        }
    }

    @Sendable func sweep(_ event: PresenceSweep.Event) {
        switch event {
        case .discovered(let agent):
            logger.notice("agent seen for the first time", metadata: ["agent": "\(agent)"])
        case .unreachable(let agent, let since):
            logger.warning("agent unreachable", metadata: ["agent": "\(agent)", "since": "\(since)"])
        case .returned(let agent): logger.notice("agent is back", metadata: ["agent": "\(agent)"])
        case .readmitted(let agent):
            logger.notice("agent is back with a new key", metadata: ["agent": "\(agent)"])
        case .duplicated(let agent):
            logger.critical(
                "two servers work under one name: one is a copy; neither is believed until one is off and this one released",
                metadata: ["agent": "\(agent)"])
        case .poisonous(let agent):
            logger.critical(
                "the panel died of an agent's beats; the agent is not believed until it is released",
                metadata: ["agent": "\(agent)", "reason": "poison"])
        case .skewed(let agent, let milliseconds):
            logger.warning(
                "an agent's clock is off by more than two minutes",
                metadata: ["agent": "\(agent)", "skew_ms": "\(milliseconds)"])
        case .unbelievable(let agent):
            logger.error(
                """
                a beat is not to be believed: the agent's AGENT_KEY or SECRET_KEY is not this panel's, or the key is of \
                another generation than the server's key_generation (--key-generation)
                """,
                metadata: ["agent": "\(agent)"])
        case .flooded(let agent, let burden, let isShutOut):
            logger.critical(
                isShutOut
                    ? "an agent floods Redis: its user there is off now"
                    : "somebody floods Redis in the name of an agent that has no user of its own there",
                metadata: [
                    "agent": "\(agent)", "bytes": "\(burden.byteCount)", "rings": "\(burden.ringCount)",
                ])
        case .setBack(let agent, let received, let sent):
            logger.critical(
                """
                this panel's record is older than what an agent has received, which starts nothing for it; \
                put the newest backup in place with 'PanelServer --restore BACKUP'
                """,
                metadata: ["agent": "\(agent)", "received": "\(received)", "sent": "\(sent)"])
        case .swept(let agents, let time):
            logger.trace(
                "swept", metadata: ["agents": "\(agents)", "ms": "\(time / .milliseconds(1))"])
        case .linkFailed(let error):
            logger.warning("redis failed while sweeping", metadata: ["error": "\(error)"])
        case .linkRestored: logger.info("redis answers again")
        case .storeFailed(let error):
            logger.error("record failed while sweeping", metadata: ["error": "\(error)"])
        }
    }
}
