extension StoreSchema {
    // Triggers repeat what JobTransition promises of two rows that follow each other.
    static let triggers1 = """
        CREATE TRIGGER finalJobNeverChanges
        BEFORE UPDATE OF attempt, state, reason, detail, exitCode, beganAt, finishedAt, cancelRequestedAt,
            retryAt, interruptions ON job
        WHEN OLD.finishedAt IS NOT NULL
        BEGIN SELECT RAISE(ABORT, 'a final job never changes'); END;

        CREATE TRIGGER finalJobOnlyForgets BEFORE UPDATE OF sealed ON job
        WHEN OLD.finishedAt IS NOT NULL AND NEW.sealed <> '{}'
        BEGIN SELECT RAISE(ABORT, 'a final job may only forget its secrets'); END;

        CREATE TRIGGER jobIsNeverDeleted BEFORE DELETE ON job
        BEGIN SELECT RAISE(ABORT, 'a job is never deleted'); END;

        CREATE TRIGGER acceptedNeverChanges
        BEFORE UPDATE OF id, agent, application, revision, contentDigest, script, action, inputs, actor,
            createdAt, expiresAt, timeoutSeconds, graceSeconds, isIdempotent, retry, exitCodes, retained,
            requestKey, requestDigest, rerunOf, isRecoveredFromAgent ON job
        BEGIN SELECT RAISE(ABORT, 'what was accepted never changes'); END;

        CREATE TRIGGER stateMovesAlongTheDiagram BEFORE UPDATE OF state ON job
        WHEN OLD.state || ' ' || NEW.state NOT IN (
            'queued running', 'queued failed', 'queued cancelled', 'queued refused',
            'running running', 'running waiting', 'running succeeded', 'running failed', 'running cancelled',
            'running refused',
            'waiting queued', 'waiting failed', 'waiting cancelled')
        BEGIN SELECT RAISE(ABORT, 'no event leads from the old state to the new one'); END;

        CREATE TRIGGER attemptRisesByRetryAlone BEFORE UPDATE OF attempt, state ON job
        WHEN NEW.attempt <> OLD.attempt + (OLD.state = 'waiting' AND NEW.state = 'queued')
        BEGIN SELECT RAISE(ABORT, 'the attempt rises by one with a retry and stays otherwise'); END;

        CREATE TRIGGER cancelIsAskedOnce BEFORE UPDATE OF cancelRequestedAt ON job
        WHEN OLD.cancelRequestedAt IS NOT NULL AND NEW.cancelRequestedAt IS NOT OLD.cancelRequestedAt
        BEGIN SELECT RAISE(ABORT, 'a request to cancel stays'); END;

        CREATE TRIGGER attemptMovesForward BEFORE UPDATE ON attempt
        WHEN OLD.phase = 'ended'
            OR NEW.phase = 'offered' AND OLD.phase <> 'offered'
            OR NEW.phase = 'claimed' AND OLD.phase NOT IN ('offered', 'claimed')
        BEGIN SELECT RAISE(ABORT, 'an attempt moves forward and ends once'); END;

        CREATE TRIGGER attemptTimesStay BEFORE UPDATE ON attempt
        WHEN NEW.job <> OLD.job OR NEW.number <> OLD.number OR NEW.offeredAt <> OLD.offeredAt
            OR OLD.claimedAt IS NOT NULL AND NEW.claimedAt IS NOT OLD.claimedAt
            OR OLD.beganAt IS NOT NULL AND NEW.beganAt IS NOT OLD.beganAt
        BEGIN SELECT RAISE(ABORT, 'what is known of an attempt stays'); END;

        CREATE TRIGGER attemptIsNeverDeleted BEFORE DELETE ON attempt
        BEGIN SELECT RAISE(ABORT, 'an attempt is never deleted'); END;

        CREATE TRIGGER logHasNoGap BEFORE INSERT ON logRecord
        WHEN NEW.number <> 1 + coalesce(
            (SELECT max(number) FROM logRecord WHERE job = NEW.job AND attempt = NEW.attempt), 0)
        BEGIN SELECT RAISE(ABORT, 'log records follow one another'); END;

        CREATE TRIGGER logNeverChanges BEFORE UPDATE ON logRecord
        BEGIN SELECT RAISE(ABORT, 'a log record never changes'); END;

        CREATE TRIGGER auditHasNoGap BEFORE INSERT ON audit
        WHEN NEW.number <> 1 + coalesce((SELECT max(number) FROM audit), 0)
        BEGIN SELECT RAISE(ABORT, 'audit lines follow one another'); END;

        CREATE TRIGGER auditIsAChain BEFORE INSERT ON audit
        WHEN NEW.previous <> (SELECT digest FROM audit ORDER BY number DESC LIMIT 1)
        BEGIN SELECT RAISE(ABORT, 'an audit line names the digest of the line before'); END;

        CREATE TRIGGER auditNeverChanges BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'an audit line never changes'); END;

        CREATE TRIGGER auditIsNeverDeleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'an audit line is never deleted'); END;
        """
}
