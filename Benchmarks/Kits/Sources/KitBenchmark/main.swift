// Measures the kits: a line `name value` for each figure, rates per second on one core.
//   KitBenchmark FOLDER_OF_APPLICATIONS
import Glibc
import ManifestKit
import ValidationKit

func seconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
}

/// The median of seven runs, each of at least a fifth of a second.
func rate(_ name: String, units: Int = 1, _ body: () -> Void) {
    var count = 1
    var rates: [Double] = []
    while rates.count < 7 {
        let start = seconds()
        for _ in 0..<count { body() }
        let spent = seconds() - start
        if spent < 0.2 { count *= 2 } else { rates.append(Double(count * units) / spent) }
    }
    print(name, rates.sorted()[3])
}

/// The most memory that this process has had, in KiB.
func peak() -> Int {
    var usage = rusage()
    getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
    return usage.ru_maxrss
}

/// A small file's bytes.
func contents(of path: String) -> [UInt8] {
    let descriptor = open(path, O_RDONLY)
    precondition(descriptor >= 0, "'\(path)' cannot be read")
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 65_536)
    let count = read(descriptor, &bytes, bytes.count)
    return Array(bytes.prefix(count))
}

let folder = CommandLine.arguments[1]
let idle = peak()
let catalog = ApplicationCatalog.load(folder: folder)
precondition(catalog.applications.count == 100, "\(catalog.diagnostics)")
print("memory_start", idle)
print("memory_loaded", peak())

let application = catalog.applications[0]
let answers: RawInputs = [
    "server_name": .text("example.com"), "enable_ssl": .text("true"), "https_port": .text("443"),
]
let wrong: RawInputs = [
    "server_name": .text("Bad Name!"), "enable_ssl": .text("maybe"), "https_port": .text("99999"),
]
let validator = application.validator
precondition(validator.validate(answers).inputs != nil && validator.validate(wrong).violations.count == 3)

rate("load", units: catalog.applications.count) {
    precondition(!ApplicationCatalog.load(folder: folder).applications.isEmpty)
}
let bytes = contents(of: "\(folder)/app000/manifest.yml")
rate("decode") { precondition(Manifest.decode(bytes, file: "manifest.yml").value != nil) }
rate("accept") { precondition(validator.validate(answers).inputs != nil) }
rate("refuse") { precondition(validator.validate(wrong).violations.count == 3) }
