import JobKit
import ManifestKit

/// The manifest's rule for retries as JSON, by the manifest's names; durations in seconds.
enum RetryColumn {
    static func text(_ rule: RetryRule) -> String {
        let value: JSONValue = [
            "backoff": .string(rule.backoff.rawValue), "base": .integer(rule.baseSeconds),
            "max": .integer(rule.maxSeconds), "max_attempts": .integer(rule.maxAttempts),
        ]
        return String(decoding: value.canonicalBytes(), as: UTF8.self)
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> RetryRule {
        try row.parsed { text in
            guard var reader = try? MemberReader(parsing: Array(text.utf8)),
                let backoff = try? reader.parsed("backoff", "a kind", RetryRule.Backoff.init),
                let base = try? reader.integer("base"), let most = try? reader.integer("max"),
                let attempts = try? reader.integer("max_attempts", in: 1...Int.max)
            else { return nil }
            return RetryRule(maxAttempts: attempts, backoff: backoff, baseSeconds: base, maxSeconds: most)
        }
    }
}
