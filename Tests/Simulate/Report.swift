import Glibc
import Simulation

/// What many schedules of one scenario came to.
struct Report {
    private(set) var violations: [Outcome] = []
    private var count = 0
    private var beginnings = 0
    private var faults = 0
    private var steps = 0
    private var ends: [String: Int] = [:]
    private var elapsed: Duration = .zero

    /// Runs schedules on every processor, one seed after the other.
    init(_ subject: World.Subject, _ scenario: Scenario, _ schedules: Int, from seed: UInt64) async {
        let start = ContinuousClock.now
        let lanes = max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        await withTaskGroup(of: [Outcome].self) { group in
            for lane in 0..<lanes {
                group.addTask {
                    var outcomes: [Outcome] = []
                    for number in stride(from: lane, to: schedules, by: lanes) {
                        outcomes.append(await World.run(subject, scenario, seed: seed + UInt64(number)))
                    }
                    return outcomes
                }
            }
            for await outcomes in group { outcomes.forEach { add($0) } }
        }
        violations.sort { $0.seed < $1.seed }
        elapsed = ContinuousClock.now - start
    }

    private mutating func add(_ outcome: Outcome) {
        count += 1
        beginnings += outcome.beginnings
        faults += outcome.faults
        steps += outcome.steps
        ends.merge(outcome.ends, uniquingKeysWith: +)
        if outcome.violation != nil { violations.append(outcome) }
    }

    /// How many schedules went wrong, and which guarantees did not hold.
    func line(named name: String) -> String {
        let share = Double(violations.count) / Double(max(1, count)) * 100
        let kinds = Dictionary(grouping: violations) { String($0.violation?.prefix { $0 != ":" } ?? "") }
        let list = kinds.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value.count)" }
        let found = list.isEmpty ? "" : " (\((share * 10).rounded() / 10) %: \(list.joined(separator: ", ")))"
        return "\(name): \(count) schedules, \(violations.count) violations\(found)"
    }

    /// What was done in them.
    var work: String {
        let list = ends.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
        return
            "\(faults) faults, \(steps) steps, \(beginnings) scripts began in \(elapsed.components.seconds) s; jobs: \(list)"
    }
}
