extension Manifest {
    /// The one spelling of what the manifest means, as JSON with sorted keys.
    ///
    /// Order of keys, quotes, comments and defaults that are written out make no
    /// difference to it. A manifest's digest is made over these bytes.
    public func canonicalForm() -> [UInt8] { json.canonicalBytes() }

    package var json: JSONValue {
        var object = head.json
        object["os_requirements"] = hostRequirement.json
        object["resource_requirements"] = resourceRequirement.json
        object["input_groups"] = .array(inputGroups.map(\.json))
        object["inputs"] = .array(inputs.map(\.json))
        object["rules"] = .array(rules.map(\.json))
        object["actions"] = .object(JSONObject(actions.map { ($0.name, $0.json) }))
        object["timeout_seconds"] = .integer(timeoutSeconds)
        object["idempotent"] = .bool(isIdempotent)
        object["retry"] = retry.json
        object["exit_codes"] = exitCodes.json
        object["env"] = .object(JSONObject(environment.map { ($0, .string($1)) }))
        object["services"] = .array(services.map(\.json))
        object["ports"] = .array(ports.map(\.json))
        object["health"] = .array(health.map(\.json))
        object["outputs"] = .array(outputs.map(\.json))
        object["data"] = .array(data.map(\.json))
        object["dependencies"] = dependencies.json
        object["changelog"] = .array(changelog.map(\.json))
        return .object(object.withoutEmpty())
    }
}

extension JSONValue {
    /// Texts as a list.
    init(texts: [String]) { self = .array(texts.map(JSONValue.string)) }
}

extension JSONObject {
    /// The members that say something: no empty list, map or text.
    func withoutEmpty() -> JSONObject {
        JSONObject(
            compactMap { member in
                switch member.value {
                case .array([]), .string(""): nil
                case .object(let object) where object.isEmpty: nil
                default: (member.name, member.value)
                }
            })
    }

    /// Adds texts, each under its name where there is one; an empty one is none.
    mutating func add(_ texts: KeyValuePairs<String, String?>) {
        for (name, text) in texts where text?.isEmpty == false { self[name] = text.map(JSONValue.string) }
    }
}

extension Manifest.Head {
    fileprivate var json: JSONObject {
        var object: JSONObject = [
            "id": .string(id.description), "name": .string(name), "version": .string(version),
            "revision": .integer(revision), "description": .string(description),
            "category": .string(category), "stability": .string(stability.rawValue),
            "tags": JSONValue(texts: tags),
        ]
        object["schema_version"] = schemaVersion.map(JSONValue.integer)
        object.add(["author": author, "homepage": homepage, "docs": documentation, "license": license])
        return object
    }
}

extension HostRequirement {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "versions": .object(JSONObject(versions.map { ($0, .string($1.description)) })),
            "allow_derivatives": .bool(allowsDerivatives), "allow_rolling": .bool(allowsRolling),
        ]
        object["family"] = families.map(JSONValue.init(texts:))
        object["arch"] = architectures.map(JSONValue.init(texts:))
        return .object(object)
    }
}

extension ResourceRequirement {
    fileprivate var json: JSONValue {
        var object = JSONObject()
        object["min_ram_mb"] = memoryMiB.map(JSONValue.integer)
        object["min_disk_mb"] = diskMiB.map(JSONValue.integer)
        object["min_cpu_cores"] = processors.map(JSONValue.integer)
        return .object(object)
    }
}

extension Action {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "label": .string(label), "timeout_seconds": .integer(timeoutSeconds),
            "kill_grace": .integer(killGraceSeconds), "idempotent": .bool(isIdempotent),
            "destructive": .bool(isDestructive), "health_gate": .bool(hasHealthGate), "retry": retry.json,
            "exit_codes": exitCodes.json,
        ]
        if case .script(let script) = means { object["script"] = .string(script) }
        object.add(["description": description])
        if let inputs {
            object["inputs"] = .array(inputs.map { .string($0.description) } + ownInputs.map(\.json))
        }
        return .object(object)
    }
}

extension RetryRule {
    fileprivate var json: JSONValue {
        [
            "max_attempts": .integer(maxAttempts), "backoff": .string(backoff.rawValue),
            "base": .integer(baseSeconds),
            "max": .integer(maxSeconds),
        ]
    }
}

extension [Int: ExitCodeMeaning] {
    fileprivate var json: JSONValue {
        .object(
            JSONObject(
                map { code, meaning in
                    (
                        String(code),
                        ["class": .string(meaning.class.rawValue), "message": .string(meaning.message)]
                    )
                }))
    }
}

extension ServiceUnit {
    fileprivate var json: JSONValue { ["unit": .string(unit), "essential": .bool(isEssential)] }
}

extension HealthCheck.Port {
    /// The port under the key that names it.
    fileprivate var member: (String, JSONValue) {
        switch self {
        case .number(let number): ("number", .integer(number))
        case .input(let name): ("input", .string(name.description))
        }
    }
}

extension PortUse {
    fileprivate var json: JSONValue {
        var object = JSONObject([port.member])
        object["protocol"] = .string(`protocol`.rawValue)
        object["exposure"] = .string(exposure.rawValue)
        object.add(["purpose": purpose])
        return .object(object)
    }
}

extension HealthCheck {
    fileprivate var json: JSONValue {
        var object: JSONObject = [
            "id": .string(id), "timeout": .integer(timeoutSeconds), "retries": .integer(retries),
            "interval": .integer(intervalSeconds), "start_period": .integer(startPeriodSeconds),
            "severity": .string(severity.rawValue),
        ]
        object["when"] = condition?.json
        switch kind {
        case .http(let target, let statuses, let body):
            object["kind"] = "http"
            object["expect_status"] = .array(statuses.map(JSONValue.integer))
            object.add(["expect_body": body])
            switch target {
            case .url(let url): object["url"] = .string(url)
            case .local(let port, let path):
                object["port"] = port.member.1
                object["path"] = .string(path)
            }
        case .tcp(let port):
            object["kind"] = "tcp"
            object["port"] = port.member.1
        case .systemd(let unit): object.add(["kind": "systemd", "unit": unit])
        case .process(let name): object.add(["kind": "process", "name": name])
        case .file(let path): object.add(["kind": "file", "path": path])
        case .command(let script): object.add(["kind": "command", "script": script])
        }
        return .object(object)
    }
}

extension Output {
    fileprivate var json: JSONValue {
        [
            "name": .string(name.description), "type": .string(type.rawValue), "label": .string(label),
            "sensitive": .bool(isSensitive), "kind": .string(kind.rawValue),
        ]
    }
}

extension DataPath {
    fileprivate var json: JSONValue {
        ["path": .string(path), "kind": .string(kind.rawValue), "backup": .bool(isBackedUp)]
    }
}

extension Dependencies {
    fileprivate var json: JSONValue {
        .object(
            JSONObject([
                ("requires", .array(requires.map(\.json))), ("recommends", .array(recommends.map(\.json))),
                ("conflicts", .array(conflicts.map(\.json))),
            ]).withoutEmpty())
    }
}

extension Dependency {
    fileprivate var json: JSONValue {
        var object: JSONObject = ["app": .string(app.description)]
        object["version"] = versions.map { .string($0.description) }
        object["when"] = condition?.json
        return .object(object)
    }
}

extension ChangelogEntry {
    fileprivate var json: JSONValue {
        [
            "revision": .integer(revision), "notes": .string(notes), "breaking": .bool(isBreaking),
            "security": .bool(isSecurity),
        ]
    }
}
