import Testing

@testable import RedisQueue

@Suite("Addresses of Redis") struct RedisURLTests {
    /// A text and what it says.
    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let endpoint: RedisURL.Endpoint
        var database = 0
        var user: String?
        var password: String?
        var isEncrypted = false
        let description: String
        var testDescription: String { text }
    }

    static let rows = [
        Row(
            text: "redis://localhost", endpoint: .tcp(host: "localhost", port: 6379),
            description: "redis://localhost:6379/0"),
        Row(
            text: "redis://10.0.0.1:6380/", endpoint: .tcp(host: "10.0.0.1", port: 6380),
            description: "redis://10.0.0.1:6380/0"),
        Row(
            text: "redis://:pa%20ss%40%2F@host/15", endpoint: .tcp(host: "host", port: 6379), database: 15,
            password: "pa ss@/", description: "redis://host:6379/15"),
        Row(
            text: "redis://agent-7:p:w@host:1/2", endpoint: .tcp(host: "host", port: 1), database: 2,
            user: "agent-7", password: "p:w", description: "redis://host:1/2"),
        Row(
            text: "rediss://:x@[fe80::1]:6379/0", endpoint: .tcp(host: "fe80::1", port: 6379), password: "x",
            isEncrypted: true, description: "rediss://[fe80::1]:6379/0"),
        Row(
            text: "redis://[::1]", endpoint: .tcp(host: "::1", port: 6379),
            description: "redis://[::1]:6379/0"),
        Row(
            text: "redis+sentinel://a/mymaster",
            endpoint: .master(name: "mymaster", sentinels: [RedisPlace(host: "a", port: 26_379)]),
            description: "redis+sentinel://a:26379/mymaster/0"),
        Row(
            text: "rediss+sentinel://u:p%2C@a:1,[::1]:2,b/my-master_1.x/7",
            endpoint: .master(
                name: "my-master_1.x",
                sentinels: [
                    RedisPlace(host: "a", port: 1), RedisPlace(host: "::1", port: 2),
                    RedisPlace(host: "b", port: 26_379),
                ]), database: 7, user: "u", password: "p,", isEncrypted: true,
            description: "rediss+sentinel://a:1,[::1]:2,b:26379/my-master_1.x/7"),
        Row(
            text: "unix:///run/redis/redis.sock?db=3", endpoint: .unix(path: "/run/redis/redis.sock"),
            database: 3,
            description: "unix:///run/redis/redis.sock?db=3"),
        Row(
            text: "unix://redis.sock", endpoint: .unix(path: "redis.sock"),
            description: "unix://redis.sock?db=0"),
        Row(
            text: "unix://u:p@/a@b%20c", endpoint: .unix(path: "/a@b c"), user: "u", password: "p",
            description: "unix:///a%40b%20c?db=0"),
        Row(
            text: "unix://dir%3F/100%25.sock", endpoint: .unix(path: "dir?/100%.sock"),
            description: "unix://dir%3F/100%25.sock?db=0"),
        Row(
            text: "redis://[fe80::1%25eth0]", endpoint: .tcp(host: "fe80::1%eth0", port: 6379),
            description: "redis://[fe80::1%25eth0]:6379/0"),
    ]

    @Test(arguments: rows) func readsEveryForm(_ row: Row) throws {
        let url = try RedisURL(row.text)
        #expect(url.endpoint == row.endpoint)
        #expect(url.database == row.database)
        #expect(url.user == row.user)
        #expect(url.password?.bytes == row.password.map { Array($0.utf8) })
        #expect(url.isEncrypted == row.isEncrypted)
        #expect(url.description == row.description)
        #expect(try RedisURL(url.description).endpoint == row.endpoint, "what is printed can be read")
    }

    @Test(arguments: [
        "", "localhost", "http://host", "redis:/host", "REDIS://host", "redis://", "redis://:6379",
        "redis://host:",
        "redis://host:0", "redis://host:65536", "redis://host:+1", "redis://host:6379/x", "redis://host/-1",
        "redis://host/65536", "redis://host/1/2", "redis://host/0?db=1", "redis://ho st", "redis://host\n",
        "redis://hôst", "redis://user@host", "redis://user:@host", "redis://[::1", "redis://[::1]6379",
        "redis://%zz@host", "redis://:%4@host", "redis://:%00@host", "redis://ho%ffst", "unix://", "unix:///",
        "redis+sentinel://a", "redis+sentinel://a/", "redis+sentinel:///mymaster",
        "redis+sentinel://a,/mymaster", "redis+sentinel://a,,b/mymaster", "redis+sentinel://a:0/mymaster",
        "redis+sentinel://a/my:master", "redis+sentinel://a/my%20master", "redis+sentinel://a/mymaster/x",
        "redis+sentinel://a/mymaster/0/1", "redis+sentinel://u@a/mymaster", "sentinel://a/mymaster",
        "unix:///run/redis.sock?db=x", "unix:///run/redis.sock?password=x",
    ])
    func refusesEverythingElse(text: String) {
        #expect(code { _ = try RedisURL(text) } == .addressInvalid)
    }

    @Test func refusesASocketsPathThatDoesNotFit() throws {
        let fitting = "/" + String(repeating: "a", count: 106)
        #expect(try RedisURL("unix://" + fitting).endpoint == .unix(path: fitting))
        #expect(code { _ = try RedisURL("unix://" + fitting + "a") } == .addressInvalid)
    }

    @Test(arguments: [
        "redis+sentinel://user:hunter2", "redis+sentinel://:hunter2@a", "redis+sentinel://hunter2@a/m",
        "redis+sentinel://:hunter2@a,b:x/m", "redis+sentinel://:hunter2@a/m/m",
        "redis://user:hunter2", "redis://user:hunter2/0", "redis://:hunter2@", "hunter2@host",
        "redis://hunter2@host",
        "redis://u:hun/hunter2@host", "redis://u:p@host:hunter2", "redis://:hunter2%@host",
        "redis://:hunter2 @host",
        "unix://:hunter2@?db=0", "unix:///x?password=hunter2", "redis://[hunter2",
    ])
    func anErrorNeverQuotesWhatMayBeAPassword(text: String) {
        let error = #expect(throws: RedisError.self) { try RedisURL(text) }
        #expect(error?.description.contains("hunter2") == false)
    }

    @Test func neverPrintsThePassword() throws {
        let url = try RedisURL("redis://user:hunter2@host")
        var dumped = ""
        dump(url, to: &dumped)
        for text in ["\(url)", String(reflecting: url), String(reflecting: url.password as Any), dumped] {
            #expect(!text.contains("hunter2"))
            #expect(!text.contains("104"), "nor its bytes")
        }
    }
}
