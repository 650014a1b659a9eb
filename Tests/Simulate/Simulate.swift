import ArgumentParser
import Glibc
import JobKit
import Simulation

/// Runs seeded schedules of the exchange; see `scripts/simulate`.
@main struct Simulate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Runs seeded schedules of the exchange between a panel, a wire and agents.")

    @Option(help: "How many schedules of each scenario.")
    var schedules = 1_000
    @Option(help: "The first seed.")
    var seed: UInt64 = 1
    @Option(help: "Only this scenario: \(Scenario.allCases.map(\.rawValue).joined(separator: ", ")).")
    var scenario: Scenario?
    #if SAFEGUARDS
        private static let rounds = 10
        @Option(help: "Leave out this safeguard only.")
        var without: Safeguard?
    #endif

    @Argument(help: "The folder of the application that is installed.")
    var application = "Tests/Simulation/application"

    private var scenarios: [Scenario] { scenario.map { [$0] } ?? Scenario.allCases }

    func run() async throws {
        guard getenv("SWIFT_DETERMINISTIC_HASHING") != nil else {
            throw ValidationError(
                "set SWIFT_DETERMINISTIC_HASHING=1: else a seed is not the same schedule twice")
        }
        let subject = try World.Subject(folder: application)
        #if SAFEGUARDS
            try await missEverySafeguard(subject)
        #else
            try await holdEveryGuarantee(subject)
        #endif
    }

    private func holdEveryGuarantee(_ subject: World.Subject) async throws {
        var isBroken = false
        for scenario in scenarios {
            let report = await Report(subject, scenario, schedules, from: seed)
            print(report.line(named: scenario.rawValue), report.work, separator: "; ")
            for outcome in report.violations.prefix(5) {
                print(
                    "    --scenario \(scenario) --schedules 1 --seed \(outcome.seed)  \(outcome.violation ?? "")"
                )
            }
            isBroken = isBroken || !report.violations.isEmpty
        }
        if isBroken { throw ExitCode(1) }
    }

    #if SAFEGUARDS
        /// Without any one of them, schedules have to go wrong.
        private func missEverySafeguard(_ subject: World.Subject) async throws {
            var unmissed: [Safeguard] = []
            let safeguards = without.map { [$0] } ?? Safeguard.allCases
            for safeguard in safeguards {
                var isMissed = false
                // Where nothing went wrong there are more schedules to try; a rare fault is a fault.
                for round in 0..<Self.rounds where !isMissed {
                    let first = seed + UInt64(round * schedules)
                    for scenario in scenarios {
                        let report = await Safeguard.$missing.withValue(safeguard) {
                            await Report(subject, scenario, schedules, from: first)
                        }
                        let name = "without \(safeguard.rawValue), \(scenario.rawValue)"
                        print(report.line(named: round == 0 ? name : "\(name) from seed \(first)"))
                        isMissed = isMissed || !report.violations.isEmpty
                    }
                }
                if !isMissed { unmissed.append(safeguard) }
            }
            print(
                "\(safeguards.count - unmissed.count) of \(safeguards.count) safeguards are missed"
            )
            for safeguard in unmissed { print("    nothing goes wrong without \(safeguard.rawValue)") }
            if !unmissed.isEmpty { throw ExitCode(1) }
        }
    #endif
}

extension Scenario: ExpressibleByArgument {}
#if SAFEGUARDS
    extension Safeguard: ExpressibleByArgument {}
#endif
