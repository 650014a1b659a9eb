import JobKit
import ManifestKit
import TestSupport
import Testing

// Jobs as someone at the API sees them.
extension House {
    /// Asks for an application on the agent, and returns the accepted job's id.
    func install(_ application: String, _ inputs: JSONObject = [:], key: String? = nil) async throws -> String
    {
        let answer = try await api.install(application, inputs, headers: ["idempotency-key": key ?? ""])
        try #require(answer.status == 202, "\(answer.text)")
        let id = try #require(try answer.json["job_id"]?.string)
        noteAccepted(id)
        return id
    }

    /// The job as the API shows it.
    func job(_ id: String) async throws -> JSONObject { try await api.get("/api/jobs/\(id)").json }

    /// All jobs' ids, newest first.
    func jobs() async throws -> [String] {
        try await api.get("/api/jobs?limit=500").json["jobs"]?.array?.compactMap {
            $0.object?["job_id"]?.string
        } ?? []
    }

    /// Waits for the job's end, by what the panel tells; it may be away meanwhile.
    func end(of id: String, within limit: Duration = .seconds(100)) async throws -> JSONObject {
        try await eventually("an end of job \(id)", within: limit) {
            guard let page = try? await api.get("/api/jobs/\(id)/log?after=1000000&wait=5").json,
                page["complete"] == true, page["status"]?.string.flatMap(JobState.init)?.isFinal == true
            else { return nil }
            return try await job(id)
        }
    }

    /// The whole output, page by page; its records have to follow one another without a gap.
    func output(of id: String, after record: Int = 0) async throws -> String {
        var text = ""
        var last = record
        while true {
            let page = try await api.get("/api/jobs/\(id)/log?after=\(last)").json
            let records = try #require(page["records"]?.array)
            guard !records.isEmpty else { return text }
            for record in records {
                try #require(
                    record.object?["n"]?.integer == Int64(last + 1), "the log has a gap after record \(last)")
                last += 1
                text += record.object?["text"]?.string ?? ""
            }
        }
    }

    /// Waits until the output holds `text`.
    func waitForOutput(of id: String, holding text: String) async throws {
        try await eventually("'\(text)' in the output of \(id)") { try await output(of: id).contains(text) }
    }

    /// How often scripts have told the word for this job.
    func told(_ word: String, of id: String) -> Int { witness.count { $0.hasPrefix("\(word) \(id) ") } }
}
