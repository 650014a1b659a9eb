import RedisQueue
import ServiceSettings
import Synchronization
import TestSupport
import Testing

@Suite("What --doctor says of a panel's Redis", .timeLimit(.minutes(1))) struct DoctorTests {
    /// The lines, and whether a fault is among them.
    private func visit(_ url: String, prefix: String = "provision:") async throws -> (
        lines: [String], isHealthy: Bool
    ) {
        let lines = Mutex<[String]>([])
        var doctor = Doctor { line in lines.withLock { $0.append(line) } }
        await doctor.examineRedis(at: try RedisURL(url), prefix: prefix)
        let isHealthy = (try? doctor.finish()) != nil
        return (lines.withLock(\.self), isHealthy)
    }

    /// Makes the user of docs/operations.md, but for a right, and returns its address.
    private func enrolPanel(
        at redis: RedisServer, as admin: RedisConnection, without right: String = ""
    ) async throws -> String {
        let words = try Operations.panelUser.replacing(">PASSWORD", with: ">secret").split(separator: " ")
        let rule = words.filter { $0 != right }.map { RedisArgument($0) }
        let reply = try await admin.pipeline([rule])[0]
        _ = try admin.checked(reply)
        return redis.socketURL.replacing("unix://", with: "unix://panel:secret@") + "?db=3"
    }

    @Test(arguments: RedisKind.present) func advisesWhereAServerIsAsItComes(_ kind: RedisKind) async throws {
        let redis = try await RedisServer.start(
            kind, settings: ["--maxmemory-policy", "allkeys-lru", "--maxclients", "500"])
        let (lines, isHealthy) = try await visit(redis.socketURL)
        #expect(isHealthy)
        let verdicts = lines.map { String($0.prefix(8)) }
        #expect(
            verdicts == ["ok      ", "ok      ", "advice  ", "advice  ", "advice  ", "advice  "], "\(lines)")
        #expect(lines[0].hasPrefix(kind == .valkey ? "ok      Valkey " : "ok      Redis "))
        #expect(lines[1] == "ok      the panel's user of Redis may use 'provision:*'")
        #expect(lines[2].contains("maxmemory-policy is allkeys-lru, 'noeviction' is advised"))
        #expect(lines[3].contains("maxclients is 500, enough for 165 agents: "))
        #expect(lines[4].contains("appendonly is no, 'yes' is advised"))
        #expect(lines[5].contains("default user is on, without a password"))
    }

    @Test(arguments: RedisKind.present) func isContentWithAServerAsAdvised(_ kind: RedisKind) async throws {
        let redis = try await RedisServer.start(
            kind, settings: ["--appendonly", "yes", "--maxclients", "30000"])
        let admin = try RedisConnection(to: RedisURL(redis.socketURL), name: "admin")
        let url = try await enrolPanel(at: redis, as: admin)
        _ = try await admin.command("ACL", "SETUSER", "default", "off")
        let (lines, isHealthy) = try await visit(url)
        #expect(isHealthy)
        // How many clients it takes is bounded by the files that the machine lets it open, too.
        let others = lines.filter { !$0.contains("Redis's maxclients is ") }
        #expect(others.allSatisfy { $0.hasPrefix("ok      ") } && others.count == 6, "\(lines)")
        #expect(lines.count == 7)
    }

    @Test(arguments: RedisKind.present) func leavesNothingBehind(_ kind: RedisKind) async throws {
        let redis = try await RedisServer.start(kind)
        let reader = try RedisConnection(to: RedisURL(redis.socketURL), name: "reader")
        let users = try await reader.command("ACL", "LIST")
        _ = try await visit(redis.socketURL)
        #expect(try await reader.command("KEYS", "*") == .array([]))
        #expect(try await reader.command("ACL", "LIST") == users)
    }

    @Test(arguments: RedisKind.present, ["+acl|setuser", "+client|kill", "+memory|usage", "+acl|getuser"])
    func advisesWhereFloodsCannotBeShutOut(_ kind: RedisKind, _ right: String) async throws {
        let redis = try await RedisServer.start(kind)
        let admin = try RedisConnection(to: RedisURL(redis.socketURL), name: "admin")
        let (lines, isHealthy) = try await visit(
            try await enrolPanel(at: redis, as: admin, without: right))
        #expect(isHealthy)
        #expect(
            lines.contains { $0.hasPrefix("advice  floods cannot be shut out: ") && $0.contains("NOPERM") },
            "\(lines)")
    }

    /// A server that is full, and one that is a copy.
    @Test(arguments: [["--maxmemory", "1"], ["--replicaof", "127.0.0.1", "1"]])
    func tellsThatAServerTakesNoWrites(_ settings: [String]) async throws {
        let redis = try await RedisServer.start(settings: settings)
        let (lines, isHealthy) = try await visit(redis.socketURL)
        #expect(!isHealthy)
        #expect(lines.count { $0.hasPrefix("fault   ") } == 1, "\(lines)")
        #expect(lines[1].hasPrefix("fault   Redis takes no writes: "), "\(lines)")
    }

    /// Without the rights to look, it says what it would look for; without those to work, that is a fault.
    @Test func tellsWhatAUserMayNotDo() async throws {
        let redis = try await RedisServer.start()
        let admin = try RedisConnection(to: RedisURL(redis.socketURL), name: "admin")
        _ = try await admin.command(
            "ACL", "SETUSER", "panel", "on", ">secret", "+@all", "-@admin", "-info", "-xtrim", "~provision:*",
            "&*")
        let url = redis.socketURL.replacing("unix://", with: "unix://panel:secret@")
        let (lines, isHealthy) = try await visit(url)
        #expect(!isHealthy)
        #expect(lines[0].contains("does not say its version"), "\(lines)")
        #expect(lines[1].hasPrefix("fault   ") && lines[1].contains("xtrim"), "\(lines)")
        #expect(lines.filter { $0.contains("cannot be seen") }.count == 5, "\(lines)")
        let (others, isWell) = try await visit(url, prefix: "else:")
        #expect(!isWell && others[1].contains("'else:*'"), "\(others)")
        #expect(!(lines + others).joined().contains("secret"))
    }

    @Test func tellsThatNobodyAnswers() async throws {
        let (lines, isHealthy) = try await visit("unix:///nowhere/redis.sock")
        #expect(!isHealthy)
        #expect(lines.count == 1 && lines[0].hasPrefix("fault   "), "\(lines)")
    }

    @Test(arguments: [
        ("redis://10.1.2.3", true), ("redis+sentinel://s1/main", true), ("rediss://10.1.2.3", false),
        ("redis://127.0.0.1", false), ("redis://[::1]", false), ("unix:///run/redis.sock", false),
    ])
    func advisesWhereThePasswordCanBeRead(_ url: String, _ isAdvised: Bool) throws {
        let lines = Mutex<[String]>([])
        Doctor { line in lines.withLock { $0.append(line) } }.examineWay(to: try RedisURL(url))
        #expect(lines.withLock(\.count) == (isAdvised ? 1 : 0))
    }
}
