extension SchemaMap {
    private static let anyNumber = 1...Int(Int32.max)

    /// The top of a manifest.
    package static let manifest = SchemaMap(
        "manifest",
        [
            Key(
                "schema_version", .integer(1...1),
                "The version of the schema; with it, unknown keys are errors."),
            Key("id", .manifestID, "The application's name, equal to its folder's.", isRequired: true),
            Key("name", .text, "The name people read.", isRequired: true),
            Key("version", .text, "The application's upstream version.", isRequired: true),
            Key(
                "revision", .integer(anyNumber),
                "The packaging revision; raise it with every change. 1 unless given."),
            Key("description", .lines, "What the application is."),
            Key("category", .text, "The shelf it stands on."),
            Key("author", .text, "Who wrote the manifest."),
            Key("homepage", .address, "The application's page."),
            Key("license", .text, "The application's licence."),
            Key("tags", .list(.text), "Words to find it by."),
            Key("docs", .address, "Where it is documented."),
            Key(
                "stability", .words(Manifest.Stability.self),
                "How far it can be relied upon; stable unless given."),
            Key("changelog", .list(.map(.changelogEntry)), "What each revision changed."),
            Key("os_requirements", .map(.operatingSystem), "The systems it can be installed on."),
            Key("resource_requirements", .map(.resources), "What a server has to have."),
            Key("input_groups", .list(.map(.inputGroup)), "Headings of the form."),
            Key("inputs", .list(.map(.input)), "What is asked.", isRequired: true),
            Key("rules", .list(.map(.rule)), "What has to hold between several answers."),
            Key("install_script", .file, "The script that installs; install.sh unless given."),
            Key("uninstall_script", .file, "The script that removes."),
            Key("timeout_seconds", .integer(1...86_400), "How long a script may run; 600 unless given."),
            Key("idempotent", .boolean, "Whether a script may be run again; false unless given."),
            Key(
                "actions", .names(.map(.action), keys: "^[a-z][a-z0-9_]{0,31}$"),
                "What can be done, by the actions' names."),
            Key("retry", .map(.retry), "Whether and when a script is tried again."),
            Key(
                "exit_codes",
                .names(.map(.exitCode), keys: "^([1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$"),
                "Meanings of exit codes, by the codes."),
            Key(
                "env", .names(.text, keys: SchemaValue.variable),
                "Variables that every script is given, by their names."),
            Key("services", .list(.map(.service)), "Its systemd units."),
            Key("ports", .list(.map(.port)), "The ports it listens on."),
            Key("health", .list(.map(.health)), "Checks that tell whether it works."),
            Key("outputs", .list(.map(.output)), "Results that its scripts leave behind."),
            Key("data", .list(.map(.data)), "Paths that belong to it."),
            Key("dependencies", .map(.dependencies), "Other applications that matter to it."),
        ])

    static let changelogEntry = SchemaMap(
        "changelog_entry",
        [
            Key("revision", .integer(anyNumber), "The revision.", isRequired: true),
            Key("notes", .lines, "What changed.", isRequired: true),
            Key("breaking", .boolean, "Whether something may not work any more."),
            Key("security", .boolean, "Whether it closes a hole."),
        ])

    static let operatingSystem = SchemaMap(
        "os_requirements",
        [
            Key("family", .list(.text), "Systems, by ID of /etc/os-release."),
            Key("min_version", .text, "The oldest version that will do."),
            Key("max_version", .text, "The newest version that will do."),
            Key(
                "versions", .names(.bounds, keys: "^(?!x-)[a-z0-9._-]{1,63}$"),
                "Bounds for each system, such as '>=11 <14'."),
            Key("arch", .list(.word(HostRequirement.architectureNames.keys.sorted())), "Processors."),
            Key("allow_derivatives", .boolean, "Whether a system derived from a family will do."),
            Key("allow_rolling", .boolean, "Whether a system without a version will do."),
        ])

    static let resources = SchemaMap(
        "resource_requirements",
        [
            Key("min_ram_mb", .integer(anyNumber), "Memory, in MiB."),
            Key("min_disk_mb", .integer(anyNumber), "Free disk, in MiB."),
            Key("min_cpu_cores", .integer(1...4096), "Processors."),
        ])

    static let inputGroup = SchemaMap(
        "input_group",
        [
            Key("id", .inputName, "The group's name.", isRequired: true),
            Key("label", .text, "The heading."),
            Key("description", .lines, "More about it."),
            Key("collapsed", .boolean, "Whether it begins closed."),
            Key("visible_if", .condition, "When it is shown."),
        ])

    static let rule = SchemaMap(
        "rule",
        [
            Key("id", .inputName, "The rule's name.", isRequired: true),
            Key("assert", .condition, "What has to hold.", isRequired: true),
            Key("message", .text, "What a person reads where it does not.", isRequired: true),
            Key("fields", .list(.inputName), "The inputs beside which the message stands."),
            Key(
                "severity", .words(CrossRule.Severity.self),
                "error refuses the answers, warning tells of them."),
        ])

    static let action = SchemaMap(
        "action",
        [
            Key("script", .file, "The script, inside the application's folder."),
            Key("label", .text, "What a person reads."),
            Key("description", .lines, "More about it."),
            Key(
                "inputs", .list(.either([.inputName, .map(.input)])),
                "Names of inputs it asks, or inputs of its own; all inputs unless given."),
            Key("timeout_seconds", .integer(1...86_400), "How long its script may run."),
            Key("kill_grace", .duration, "How long a script that is told to end may take; 10s unless given."),
            Key("idempotent", .boolean, "Whether it may be run again."),
            Key("destructive", .boolean, "Whether a person has to type its name first."),
            Key(
                "health_gate", .boolean,
                "Whether it succeeds only if the health checks do; true unless given."),
            Key("retry", .map(.retry), "Whether and when it is tried again."),
            Key(
                "exit_codes",
                .names(.map(.exitCode), keys: "^([1-9][0-9]?|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$"),
                "Meanings of exit codes, by the codes."),
        ])

    static let retry = SchemaMap(
        "retry",
        [
            Key("max_attempts", .integer(1...3), "Attempts in all; 3 unless given."),
            Key("backoff", .words(RetryRule.Backoff.self), "How the pause grows; exponential unless given."),
            Key("base", .duration, "The first pause; 10s unless given."),
            Key("max", .duration, "The longest pause; 5m unless given."),
        ])

    static let exitCode = SchemaMap(
        "exit_code",
        [
            Key(
                "class", .word(ExitCodeMeaning.Class.allCases.filter { $0 != .success }.map(\.rawValue)),
                "The kind of ending.", isRequired: true),
            Key("message", .text, "What the operator reads."),
        ])

    static let service = SchemaMap(
        "service",
        [
            Key("unit", .unit, "The unit's name, as in nginx.service.", isRequired: true),
            Key(
                "essential", .boolean, "Whether the application does not work without it; true unless given."),
        ])

    static let port = SchemaMap(
        "port",
        [
            Key("input", .inputName, "The input whose answer is the port."),
            Key("number", .integer(1...65535), "The port's number."),
            Key("protocol", .words(PortUse.TransportProtocol.self), "tcp unless given."),
            Key("exposure", .words(PortUse.Exposure.self), "Who is meant to reach it; public unless given."),
            Key("purpose", .text, "What it is for."),
        ])

    static let health = SchemaMap(
        "health",
        [
            Key("id", .inputName, "The check's name.", isRequired: true),
            Key("kind", .word(HealthDecoder.kinds), "What is looked at.", isRequired: true),
            Key("when", .condition, "When the check counts."),
            Key("url", .address, "http: the address."),
            Key("port", .scalar, "http and tcp: the port's number, or an input whose answer it is."),
            Key("path", .fullPath, "http: the path on the port; file: the full path."),
            Key(
                "expect_status", .either([.integer(100...599), .list(.integer(100...599))]),
                "http: the status, or several; 200 unless given."),
            Key("expect_body", .text, "http: what the answer has to hold."),
            Key("unit", .unit, "systemd: the unit."),
            Key("name", .text, "process: its name."),
            Key("script", .file, "command: the script, inside the application's folder."),
            Key("timeout", .duration, "How long one look may take; 5s unless given."),
            Key("retries", .integer(0...100), "How often it is tried again; 3 unless given."),
            Key("interval", .duration, "The pause between looks; 2s unless given."),
            Key("start_period", .duration, "How long it may fail after a start; 30s unless given."),
            Key("severity", .words(HealthCheck.Severity.self), "What failing means; critical unless given."),
        ])

    static let output = SchemaMap(
        "output",
        [
            Key("name", .inputName, "The result's name.", isRequired: true),
            Key("type", .words(InputType.self), "What kind of value it is; string unless given."),
            Key("label", .text, "What a person reads."),
            Key("sensitive", .boolean, "Whether it is masked."),
            Key("kind", .words(Output.Kind.self), "How it is shown; value unless given."),
        ])

    static let data = SchemaMap(
        "data",
        [
            Key("path", .fullPath, "The full path.", isRequired: true),
            Key("kind", .words(DataPath.Kind.self), "What lies there.", isRequired: true),
            Key("backup", .boolean, "Whether a backup has to hold it; true for config, state and upload."),
        ])

    static let dependencies = SchemaMap(
        "dependencies",
        [
            Key("requires", .list(.map(.dependency)), "Without these it does not work."),
            Key("recommends", .list(.map(.dependency)), "With these it works better."),
            Key("conflicts", .list(.map(.dependency)), "With these it does not work."),
        ])

    static let dependency = SchemaMap(
        "dependency",
        [
            Key("app", .manifestID, "The other application's id.", isRequired: true),
            Key("version", .bounds, "Bounds on its version, such as '>=5.7'."),
            Key("when", .condition, "When it matters."),
        ])
}
