import JobKit

/// An attempt and its result in their table.
enum AttemptRow {
    static let offered = Columns("job", "number", "offeredAt")
    static let progress = Columns(
        "phase", "claimedAt", "beganAt", "endedAt", "ending", "code", "signal", "cause", "scriptBeganAt",
        "scriptEndedAt", "durationMilliseconds", "leftovers", "survivors", "outOfMemory", "logRecords",
        "logBytes",
        "logCutBytes", "logDigest")
    static let columns = offered + progress

    static func values(_ attempt: AttemptRecord) -> Values {
        let result = attempt.result
        let (code, signal, cause) = result.map { parts(of: $0.ending) } ?? (nil, nil, nil)
        return [
            attempt.id.job.description, attempt.id.number, attempt.offeredAt.milliseconds,
            attempt.phase.rawValue, attempt.claimedAt?.milliseconds, attempt.beganAt?.milliseconds,
            attempt.endedAt?.milliseconds, result?.ending.name, code, signal, cause?.rawValue,
            result?.beganAt?.milliseconds, result?.endedAt.milliseconds, result?.durationMilliseconds,
            result?.leftovers, result?.survivors, result?.outOfMemory, result?.log?.records,
            result?.log?.bytes,
            result?.log?.cutBytes, result?.log?.digest,
        ]
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> AttemptRecord {
        let id = AttemptID(job: try row.parsed(JobID.init(_:)), number: try row.integer())
        let offeredAt = try row.time()
        return AttemptRecord(
            restoring: id, phase: try row.parsed(AttemptRecord.Phase.init), offeredAt: offeredAt,
            claimedAt: try row.optionalTime(), beganAt: try row.optionalTime(),
            endedAt: try row.optionalTime(),
            result: try result(&row))
    }

    private static func result(_ row: inout RowReader) throws(StoreError) -> AttemptResult? {
        guard let name = try row.optionalText() else { return nil }
        let ending = try ending(
            name, code: try row.optionalInteger(), signal: try row.optionalInteger(),
            cause: try row.optionalParsed(AttemptResult.Interruption.init))
        return AttemptResult(
            ending: ending, beganAt: try row.optionalTime(), endedAt: try row.time(),
            durationMilliseconds: try row.optionalInteger().map(Int64.init), leftovers: try row.integer(),
            survivors: try row.integer(), outOfMemory: try row.boolean(), log: try log(&row))
    }

    private static func log(_ row: inout RowReader) throws(StoreError) -> AttemptResult.Log? {
        guard let records = try row.optionalInteger() else { return nil }
        return AttemptResult.Log(
            records: records, bytes: try row.integer(), cutBytes: try row.integer(), digest: try row.text())
    }

    private static func parts(
        of ending: AttemptResult.Ending
    ) -> (code: Int?, signal: Int?, cause: AttemptResult.Interruption?) {
        switch ending {
        case .exited(let code): (code, nil, nil)
        case .signalled(let number): (nil, number, nil)
        case .interrupted(let cause): (nil, nil, cause)
        case .unhealthy, .timedOut, .cancelled: (nil, nil, nil)
        }
    }

    private static func ending(
        _ name: String, code: Int?, signal: Int?, cause: AttemptResult.Interruption?
    ) throws(StoreError) -> AttemptResult.Ending {
        switch (name, code, signal, cause) {
        case ("exited", let code?, nil, nil): .exited(code: code)
        case ("signalled", nil, let number?, nil): .signalled(number: number)
        case ("interrupted", nil, nil, let cause?): .interrupted(cause)
        case ("unhealthy", nil, nil, nil): .unhealthy
        case ("timed_out", nil, nil, nil): .timedOut
        case ("cancelled", nil, nil, nil): .cancelled
        default: throw StoreError(.damaged, "an attempt of the record does not tell how it ended")
        }
    }
}
