extension StoreSchema {
    // Times are milliseconds since 1970, JSON is canonical, names are those of the Swift types.
    // CHECKs repeat what JobRecord and AttemptRecord promise of one row.
    static let tables1 = """
        CREATE TABLE job (
            id TEXT PRIMARY KEY NOT NULL,
            agent TEXT NOT NULL,
            application TEXT NOT NULL,
            revision INTEGER NOT NULL,
            contentDigest TEXT NOT NULL,
            script TEXT NOT NULL,
            action TEXT NOT NULL,
            inputs TEXT NOT NULL,
            actor TEXT NOT NULL,
            createdAt INTEGER NOT NULL,
            expiresAt INTEGER NOT NULL,
            timeoutSeconds INTEGER NOT NULL,
            graceSeconds INTEGER NOT NULL,
            isIdempotent INTEGER NOT NULL,
            retry TEXT NOT NULL,
            exitCodes TEXT NOT NULL,
            retained TEXT NOT NULL,
            requestKey TEXT,
            requestDigest TEXT,
            rerunOf TEXT REFERENCES job(id),
            isRecoveredFromAgent INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            sealed TEXT NOT NULL,
            state TEXT NOT NULL,
            reason TEXT,
            detail TEXT,
            exitCode INTEGER,
            beganAt INTEGER,
            finishedAt INTEGER,
            cancelRequestedAt INTEGER,
            retryAt INTEGER,
            interruptions INTEGER NOT NULL,
            CONSTRAINT jobIDHas26Characters CHECK (length(id) = 26),
            CONSTRAINT objectsAreJSON CHECK (
                json_valid(inputs) AND json_valid(sealed) AND json_valid(exitCodes) AND json_valid(retry)),
            CONSTRAINT booleansAre0Or1 CHECK (isIdempotent IN (0, 1) AND isRecoveredFromAgent IN (0, 1)),
            CONSTRAINT requestIsWhole CHECK ((requestKey IS NULL) = (requestDigest IS NULL)),
            CONSTRAINT attemptsCountFrom1 CHECK (attempt >= 1),
            CONSTRAINT interruptionsAreAttempts CHECK (interruptions BETWEEN 0 AND attempt),
            CONSTRAINT stateIsKnown CHECK (
                state IN ('queued', 'running', 'waiting', 'succeeded', 'failed', 'cancelled', 'refused')),
            CONSTRAINT finalHasItsTime CHECK (
                (state IN ('succeeded', 'failed', 'cancelled', 'refused')) = (finishedAt IS NOT NULL)),
            CONSTRAINT reasonFitsState CHECK (
                CASE state
                WHEN 'failed' THEN reason IS NOT NULL AND reason IN (
                    'exit', 'signal', 'timeout', 'unhealthy', 'out_of_memory', 'interrupted',
                    'abandoned', 'retry_refused')
                WHEN 'cancelled' THEN reason IS NOT NULL AND reason IN ('before_start', 'running', 'between_attempts')
                WHEN 'refused' THEN reason IS NOT NULL AND reason IN (
                    'expired', 'not_listed', 'digest_mismatch', 'os_unsupported', 'inputs_invalid',
                    'seal_invalid', 'limits', 'unsupported_version', 'policy', 'poison', 'revoked')
                ELSE reason IS NULL
                END),
            CONSTRAINT succeededWithCode0 CHECK (state <> 'succeeded' OR exitCode IS 0),
            CONSTRAINT exitCodeIsAByte CHECK (exitCode BETWEEN 0 AND 255),
            CONSTRAINT waitingHasItsTime CHECK ((state = 'waiting') = (retryAt IS NOT NULL)),
            CONSTRAINT finalKeepsRetainedAlone CHECK (finishedAt IS NULL OR sealed = '{}' OR retained <> '')
        ) STRICT;
        CREATE INDEX jobByAgent ON job(agent, id);
        CREATE INDEX jobByApplication ON job(application, id);
        CREATE INDEX jobByState ON job(state, id);
        CREATE INDEX jobOpenByAgent ON job(agent) WHERE finishedAt IS NULL;
        CREATE INDEX jobBySecret ON job(agent, application) WHERE sealed <> '{}';
        CREATE INDEX jobByRequest ON job(actor, requestKey) WHERE requestKey IS NOT NULL;
        CREATE UNIQUE INDEX jobOncePerRequest ON job(actor, requestKey)
            WHERE requestKey IS NOT NULL AND isRecoveredFromAgent = 0;
        CREATE INDEX jobByRetry ON job(retryAt) WHERE retryAt IS NOT NULL;

        CREATE TABLE attempt (
            job TEXT NOT NULL REFERENCES job(id),
            number INTEGER NOT NULL,
            offeredAt INTEGER NOT NULL,
            phase TEXT NOT NULL,
            claimedAt INTEGER,
            beganAt INTEGER,
            endedAt INTEGER,
            ending TEXT,
            code INTEGER,
            signal INTEGER,
            cause TEXT,
            scriptBeganAt INTEGER,
            scriptEndedAt INTEGER,
            durationMilliseconds INTEGER,
            leftovers INTEGER,
            survivors INTEGER,
            outOfMemory INTEGER,
            logRecords INTEGER,
            logBytes INTEGER,
            logCutBytes INTEGER,
            logDigest TEXT,
            PRIMARY KEY (job, number),
            CONSTRAINT attemptsCountFrom1 CHECK (number >= 1),
            CONSTRAINT phaseIsKnown CHECK (phase IN ('offered', 'claimed', 'began', 'ended')),
            CONSTRAINT phaseHasItsTimes CHECK (
                CASE phase
                WHEN 'offered' THEN claimedAt IS NULL AND beganAt IS NULL
                WHEN 'claimed' THEN claimedAt IS NOT NULL AND beganAt IS NULL
                WHEN 'began' THEN claimedAt IS NOT NULL AND beganAt IS NOT NULL
                ELSE beganAt IS NULL OR claimedAt IS NOT NULL
                END),
            CONSTRAINT endedHasItsTime CHECK ((phase = 'ended') = (endedAt IS NOT NULL)),
            CONSTRAINT endingIsKnown CHECK (
                ending IN ('exited', 'unhealthy', 'signalled', 'timed_out', 'cancelled', 'interrupted')),
            CONSTRAINT endingNeedsAStart CHECK (
                ending IS NULL OR phase = 'ended' AND (beganAt IS NOT NULL
                    OR ending = 'interrupted' AND claimedAt IS NOT NULL)),
            CONSTRAINT endingHasItsValue CHECK (
                (ending IS 'exited') = (code IS NOT NULL)
                AND (ending IS 'signalled') = (signal IS NOT NULL)
                AND (ending IS 'interrupted') = (cause IS NOT NULL)),
            CONSTRAINT endingValueIsKnown CHECK (
                code BETWEEN 0 AND 255 AND signal BETWEEN 1 AND 127
                AND cause IN ('runner_died', 'host_restarted', 'state_lost')),
            CONSTRAINT resultIsWhole CHECK (
                (ending IS NULL) = (scriptEndedAt IS NULL)
                AND (ending IS NULL) = (leftovers IS NULL)
                AND (ending IS NULL) = (survivors IS NULL)
                AND (ending IS NULL) = (outOfMemory IS NULL)
                AND (ending IS NOT NULL
                    OR scriptBeganAt IS NULL AND durationMilliseconds IS NULL AND logRecords IS NULL)),
            CONSTRAINT outOfMemoryIsBoolean CHECK (outOfMemory IN (0, 1)),
            CONSTRAINT logIsWhole CHECK (
                (logRecords IS NULL) = (logBytes IS NULL)
                AND (logRecords IS NULL) = (logCutBytes IS NULL)
                AND (logRecords IS NULL) = (logDigest IS NULL))
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE logRecord (
            job TEXT NOT NULL,
            attempt INTEGER NOT NULL,
            number INTEGER NOT NULL,
            at INTEGER NOT NULL,
            bytes BLOB NOT NULL,
            total INTEGER NOT NULL,
            PRIMARY KEY (job, attempt, number),
            FOREIGN KEY (job, attempt) REFERENCES attempt(job, number),
            CONSTRAINT totalHasTheRecord CHECK (total >= length(bytes))
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE agent (
            id TEXT PRIMARY KEY NOT NULL,
            firstSeenAt INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            lastSent INTEGER NOT NULL,
            downHead TEXT NOT NULL,
            received INTEGER NOT NULL,
            cursor INTEGER NOT NULL,
            upHead TEXT NOT NULL,
            session TEXT NOT NULL,
            lastBeatAt INTEGER NOT NULL,
            unreachableSince INTEGER,
            quarantined TEXT,
            pausedAt INTEGER,
            pauseNote TEXT,
            recoveringSince INTEGER,
            revokedAt INTEGER,
            keyGeneration INTEGER NOT NULL,
            keyID TEXT,
            facts TEXT NOT NULL,
            CONSTRAINT epochsCountFrom1 CHECK (epoch >= 1),
            CONSTRAINT numbersCountFrom0 CHECK (lastSent >= 0 AND received >= 0 AND cursor >= 0),
            CONSTRAINT noteNeedsAPause CHECK (pauseNote IS NULL OR pausedAt IS NOT NULL),
            CONSTRAINT keysCountFrom1 CHECK (keyGeneration >= 1),
            CONSTRAINT factsAreJSON CHECK (json_valid(facts))
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE outbox (
            agent TEXT NOT NULL,
            number INTEGER NOT NULL,
            epoch INTEGER NOT NULL,
            envelope BLOB NOT NULL,
            PRIMARY KEY (agent, number),
            CONSTRAINT positionsCountFrom1 CHECK (epoch >= 1 AND number >= 1)
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE audit (
            number INTEGER PRIMARY KEY NOT NULL,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            action TEXT NOT NULL,
            job TEXT,
            agent TEXT,
            detail TEXT NOT NULL,
            previous TEXT NOT NULL,
            digest TEXT NOT NULL,
            CONSTRAINT detailIsJSON CHECK (json_valid(detail)),
            CONSTRAINT digestsHave64Characters CHECK (length(previous) = 64 AND length(digest) = 64)
        ) STRICT;

        CREATE TABLE counter (
            name TEXT PRIMARY KEY NOT NULL,
            value INTEGER NOT NULL,
            CONSTRAINT countersCountFrom1 CHECK (value >= 1)
        ) STRICT, WITHOUT ROWID;
        """
}
