import Glibc
import TestSupport

/// An application of a test: what it asks, and what its script does.
struct TestApplication: Sendable {
    let id: String
    /// The manifest's `inputs`.
    var inputs = "[]"
    var timeoutSeconds = 60
    var isIdempotent = false
    /// More lines of the manifest.
    var more = ""
    /// The script's body.
    ///
    /// It may call `wait_for NAME`, which returns when a test opens that gate, `is_open NAME`, and `end CODE`.
    /// Where the house is gone it ends by itself.
    let script: String

    /// Writes the application's folder below `installers`.
    func write(below installers: String, witness: String, gates: String) throws {
        let home = "\(installers)/\(id)"
        mkdir(home, 0o755)
        try Fixtures.write(manifest, to: "\(home)/manifest.yml")
        try Fixtures.write(text(witness, gates), to: "\(home)/install.sh", mode: 0o755)
    }

    private var manifest: String {
        """
        id: \(id)
        name: Application of a test
        version: "1.0"
        description: Tells a witness when it begins and when it is done
        category: tests
        inputs: \(inputs)
        install_script: install.sh
        timeout_seconds: \(timeoutSeconds)
        idempotent: \(isIdempotent)
        \(more)
        """
    }

    /// The witness is a file outside of all that is tested: what it says is on the disk and true.
    private func text(_ witness: String, _ gates: String) -> String {
        """
        #!/bin/bash
        set -u
        witness='\(witness)' gates='\(gates)'
        tell() { printf '%s %s %s\\n' "$1" "$PROVISION_JOB_ID" "$PROVISION_ATTEMPT" >>"$witness" && sync "$witness"; }
        end() { tell done; exit "$1"; }
        is_open() { [[ -d $gates ]] || exit 97; [[ -e $gates/$1 ]]; }
        wait_for() { until is_open "$1"; do sleep 0.05; done; }
        tell began
        \(script)

        """
    }
}

extension TestApplication {
    /// Says a line on each output and ends as it is told.
    static let greeting = TestApplication(
        id: "greeting",
        inputs: """

              - name: who
                type: string
                required: true
                validation:
                  pattern: '^[a-z0-9 $();`]+$'
                  max_length: 40
              - name: code
                type: integer
                default: "0"
                validation:
                  min_value: 0
                  max_value: 255
              - name: mail
                type: email
                required: false
              - name: door
                type: port
                default: "80"
              - name: loud
                type: boolean
                default: "false"
              - name: colour
                type: select
                default: red
                validation:
                  allowed_values: [red, green]
              - name: secret
                type: password
                required: false
              - name: volume
                type: integer
                required: false
                visible_if:
                  loud: "true"
            """,
        script: """
            echo "hello $WHO"
            echo "and again" >&2
            end "$CODE"
            """)

    /// Counts until the gate `go` is open, then ends with 3, which no platform makes up.
    static let patient = TestApplication(
        id: "patient",
        script: """
            for ((n = 1; n <= 1000; n++)); do
                echo "line $n"
                ! is_open go || end 3
                sleep 0.05
            done
            """)
}
