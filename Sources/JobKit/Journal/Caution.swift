import ManifestKit

/// What a program has in hand, noted for the start after its death, and what earlier runs may have died of.
///
/// While all goes well no more is noted than that there is something in hand. After a death each thing is noted by its
/// name before it is looked at, one at a time: from then on a death is the death of that thing.
struct Caution: Sendable {
    /// Deaths over one thing that are enough.
    static let patience = 3

    /// Whether a run before died with something in hand, and each thing is to be noted by its name.
    private(set) var isNeeded = false
    private(set) var deaths: [String: Int] = [:]
    /// The name of what is in hand; an empty one for whatever it is.
    private var inHand: String?
    private let notes: any CrashNotes

    /// Nothing in hand; nothing is read before ``begin()``.
    init(_ notes: any CrashNotes) { self.notes = notes }

    /// Reads what the run before has left; what cannot be read means nothing.
    mutating func begin() {
        guard let bytes = try? notes.load(), let (name, known) = try? Self.read(bytes) else { return }
        deaths = known
        if let name, !name.isEmpty { deaths[name, default: 0] += 1 }
        isNeeded = name != nil || !deaths.isEmpty
    }

    /// Notes that this is in hand now, and that nobody died of what was before; without a name it may be anything.
    ///
    /// A note that cannot be written leaves a death uncounted, and no more.
    mutating func take(_ name: String = "") {
        if inHand != name { acquit() }
        inHand = name
        save()
    }

    /// Notes that nothing is in hand any more, and nobody died.
    mutating func putDown() {
        acquit()
        inHand = nil
        save()
    }

    /// What was in hand is harmless; but not what was condemned before, of which perhaps only a part was looked at.
    private mutating func acquit() {
        if let inHand, deaths[inHand, default: 0] < Self.patience { deaths[inHand] = nil }
    }

    /// Forgets that runs died of it.
    mutating func forgive(_ name: String) {
        deaths[name] = nil
        save()
    }

    /// Leaves nothing for the next start: this run ends by itself.
    mutating func end() {
        (inHand, deaths) = (nil, [:])
        save()
    }

    private func save() {
        let counts = deaths.sorted { $0.key < $1.key }.map { ($0.key, JSONValue.integer($0.value)) }
        let note: JSONValue = [
            "deaths": .object(JSONObject(counts)), "in_hand": .optional(inHand) { .string($0) },
        ]
        try? notes.save(note.canonicalBytes())
    }

    private static func read(_ bytes: [UInt8]) throws(MemberReader.Failure) -> (String?, [String: Int]) {
        var members = try MemberReader(parsing: bytes)
        var counts = try MemberReader(members.value("deaths"))
        var deaths: [String: Int] = [:]
        for name in counts.names { deaths[name] = try counts.integer(name) }
        let inHand = try members.optional("in_hand") { reader, name throws(MemberReader.Failure) in
            try reader.string(name)
        }
        return (inHand, deaths)
    }
}
