import JobKit
import ManifestKit
import OpenSSLCrypto
import TestSupport

/// Owns the wire: replays, swaps, alters, deletes, takes places, and writes what he likes under tags that he saw.
enum Attacker {
    /// One deed.
    static func act(on wire: SimulatedWire) {
        wire.attack { contents, seen, generator in
            guard let kept = seen.randomElement(using: &generator) else { return }
            let agents = contents.down.keys.sorted { $0.description < $1.description }
            let victim = agents.randomElement(using: &generator) ?? kept.agent
            switch Int.random(in: 0..<12, using: &generator) {
            case 0: place(kept, at: victim, &contents, &generator)
            case 1: contents.down[victim]?.entries.shuffle(using: &generator)
            case 2: alter(&contents.down[victim], &generator)
            case 3: alter(&contents.up[victim], &generator)
            case 4:
                if contents.down[victim]?.entries.isEmpty == false {
                    contents.down[victim]?.entries.removeFirst()
                }
            case 5:
                if contents.up[victim]?.entries.isEmpty == false { contents.up[victim]?.entries.removeLast() }
            case 6:
                // A place at the end of all places lets nobody add anything any more.
                let end = StreamPosition(epoch: 1, number: Int(Int32.max))
                contents.down[victim, default: .init()].last = end
            case 7:
                if kept.place == .acknowledgement {
                    contents.acknowledgements[victim] = (1_000_000 + seen.count, kept.entry.bytes)
                }
            case 8: if kept.place == .beat { contents.beats[victim]?.bytes = kept.entry.bytes }
            case 9: forge(kept, &contents, &generator)
            case 10: forge(kept, &contents, &generator)
            default:
                contents.down[victim]?.entries.append(
                    StreamEntry(position: kept.entry.position, bytes: generator.bytes(40)))
            }
        }
    }

    private static func place(
        _ kept: SimulatedWire.Capture, at victim: AgentID, _ contents: inout SimulatedWire.Contents,
        _ generator: inout SeededGenerator
    ) {
        var entry = kept.entry
        if Bool.random(using: &generator) {
            let last = contents.down[victim]?.last ?? entry.position
            entry = StreamEntry(
                position: StreamPosition(epoch: last.epoch, number: last.number + 1), bytes: entry.bytes)
        }
        if kept.place == .up {
            _ = contents.up[victim, default: .init()].add(entry)
        } else {
            _ = contents.down[victim, default: .init()].add(entry)
        }
    }

    /// Flips a bit of an entry.
    private static func alter(_ stream: inout MemoryStream?, _ generator: inout SeededGenerator) {
        guard let index = stream?.entries.indices.randomElement(using: &generator),
            var bytes = stream?.entries[index].bytes,
            let place = bytes.indices.randomElement(using: &generator)
        else { return }
        bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        if let position = stream?.entries[index].position {
            stream?.entries[index] = StreamEntry(position: position, bytes: bytes)
        }
    }

    /// Makes a message say what he would like; its tag is the one that it had.
    private static func forge(
        _ kept: SimulatedWire.Capture, _ contents: inout SimulatedWire.Contents,
        _ generator: inout SeededGenerator
    ) {
        switch kept.place {
        case .down:
            rewrite(&contents.down[kept.agent], &generator) { payload in
                guard var order = payload["order"]?.object, var inputs = order["inputs"]?.object else {
                    return
                }
                inputs["server_name"] = .string("forged.example")
                order["inputs"] = .object(inputs)
                payload["order"] = .object(order)
            }
        case .up:
            rewrite(&contents.up[kept.agent], &generator) { payload in
                // Whatever it was, now it is a good end.
                guard payload["type"]?.string == "ended" else { return }
                payload["result"] = .object(succeeding(payload["result"]?.object ?? [:]))
            }
        case .acknowledgement: permit(kept.agent, &contents)
        case .beat:
            // Whatever was sent has arrived, and need not be kept.
            guard let (bytes, moment) = contents.beats[kept.agent] else { return }
            let forged = rewritten(bytes) { payload in
                payload["count"] = .integer((payload["count"]?.integer ?? 0) + 1)
                payload["received"] = .integer(Int(Int32.max))
            }
            contents.beats[kept.agent] = (forged ?? bytes, moment)
        }
    }

    /// Has the panel know of all that the agent has told, and let it start.
    private static func permit(_ agent: AgentID, _ contents: inout SimulatedWire.Contents) {
        guard let (mark, bytes) = contents.acknowledgements[agent],
            let last = contents.up[agent]?.entries.last,
            let event = try? SignedEnvelope(parsing: last.bytes, maximum: SignedEnvelope.maximumUp)
        else { return }
        let forged = rewritten(bytes) { payload in
            payload["gen"] = .integer((payload["gen"]?.integer ?? 0) + 1)
            payload["cur"] = .integer(last.position.number)
            payload["head"] = .string(ChainHead(after: event.payload).description)
            payload["hold"] = .bool(false)
        }
        contents.acknowledgements[agent] = (mark + 1_000_000, forged ?? bytes)
    }

    /// Changes what an entry of a stream says.
    private static func rewrite(
        _ stream: inout MemoryStream?, _ generator: inout SeededGenerator,
        _ change: (inout JSONObject) -> Void
    ) {
        guard let index = stream?.entries.indices.randomElement(using: &generator),
            let entry = stream?.entries[index], let bytes = rewritten(entry.bytes, change)
        else { return }
        stream?.entries[index] = StreamEntry(position: entry.position, bytes: bytes)
    }

    private static func succeeding(_ result: JSONObject) -> JSONObject {
        var result = result
        for name in ["cause", "signal"] { result[name] = nil }
        result["ending"] = .string("exited")
        result["code"] = .integer(0)
        return result
    }

    /// An envelope around another payload, with the tag that it had.
    private static func rewritten(_ bytes: [UInt8], _ change: (inout JSONObject) -> Void) -> [UInt8]? {
        guard var envelope = try? JSONValue(parsing: bytes).object,
            let payload = envelope["p"]?.string.flatMap(Base64URL.decode),
            var object = try? JSONValue(parsing: payload).object
        else { return nil }
        change(&object)
        envelope["p"] = .string(Base64URL.encode(JSONValue.object(object).canonicalBytes()))
        return JSONValue.object(envelope).canonicalBytes()
    }
}
