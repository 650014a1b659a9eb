import ManifestKit

/// Whose events are being taken in, and whose the panel may have died of.
///
/// A batch holds events of many agents. A panel that dies with one in hand takes each of them in alone after that: then
/// a death counts, and the agent of an event that was the third is quarantined.
struct IngestNote: Hashable, Sendable {
    /// Deaths over one event that are its agent's last.
    static let patience = 3

    /// An event, and how often the panel died with it alone in hand.
    struct Suspicion: Hashable, Sendable {
        let event: StreamPosition
        let deaths: Int
    }

    /// The first event of each agent in hand.
    private(set) var inHand: [AgentID: StreamPosition] = [:]
    private(set) var suspicions: [AgentID: Suspicion] = [:]

    /// Nothing in hand, and nobody suspected.
    init() {}

    /// What the note of a panel that is no more means; one that cannot be read means nothing.
    init(after bytes: [UInt8]) {
        guard var note = try? Self(parsing: bytes) else { return }
        for (agent, event) in note.inHand {
            let known = note.suspicions[agent].flatMap { $0.event == event ? $0.deaths : nil } ?? 0
            note.suspicions[agent] = Suspicion(
                event: event, deaths: note.inHand.count == 1 ? known + 1 : known)
        }
        note.inHand = [:]
        self = note
    }

    /// Agents whose event was the panel's end too often.
    var poisoned: [AgentID: Suspicion] { suspicions.filter { $0.value.deaths >= Self.patience } }

    mutating func take(_ events: [AgentID: StreamPosition]) { inHand = events }

    /// All in hand are done with, well or not: the panel lives.
    mutating func putDown() {
        for agent in inHand.keys { suspicions[agent] = nil }
        inHand = [:]
    }

    /// Nothing is in hand any more, and nobody is suspected more or less for it.
    mutating func setAside() { inHand = [:] }

    mutating func clear(_ agent: AgentID) { suspicions[agent] = nil }

    /// Each suspect alone, behind all others.
    func portions(of agents: Set<AgentID>) -> [Set<AgentID>] {
        let suspects = agents.filter { suspicions[$0] != nil }
        return [agents.subtracting(suspects)] + suspects.map { [$0] }
    }
}

extension IngestNote {
    var bytes: [UInt8] {
        let suspects = suspicions.map { agent, suspicion in
            var members = suspicion.event.json(of: agent)
            members["deaths"] = .integer(suspicion.deaths)
            return JSONValue.object(members)
        }
        let events = inHand.map { agent, event in JSONValue.object(event.json(of: agent)) }
        return JSONValue.object(["in_hand": .array(events), "suspects": .array(suspects)]).canonicalBytes()
    }

    private init(parsing bytes: [UInt8]) throws(MemberReader.Failure) {
        var members = try MemberReader(parsing: bytes)
        for element in try members.array("in_hand") {
            var event = try MemberReader(element)
            let agent = try event.parsed("agent", "an agent's name", AgentID.init)
            inHand[agent] = try StreamPosition(of: &event)
        }
        for element in try members.array("suspects") {
            var suspect = try MemberReader(element)
            let agent = try suspect.parsed("agent", "an agent's name", AgentID.init)
            suspicions[agent] = Suspicion(
                event: try StreamPosition(of: &suspect), deaths: try suspect.integer("deaths"))
        }
    }
}

extension StreamPosition {
    fileprivate func json(of agent: AgentID) -> JSONObject {
        ["agent": .string("\(agent)"), "epoch": .integer(epoch), "event": .integer(number)]
    }

    fileprivate init(of members: inout MemberReader) throws(MemberReader.Failure) {
        self.init(epoch: try members.integer("epoch"), number: try members.integer("event"))
    }
}
