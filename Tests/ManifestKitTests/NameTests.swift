import ManifestKit
import Testing

@Suite("Names") struct NameTests {
    @Test(arguments: ["nginx", "a", "9front", "a-b-c", String(repeating: "a", count: 63)])
    func applicationsMayBeCalled(_ text: String) { #expect(ManifestID(text)?.description == text) }

    @Test(arguments: [
        "", "-a", "a-", "a--b", "ID", "../x", "a/b", "a.b", "a_b", "a b", "é", "a\n", "a\u{200B}",
        String(repeating: "a", count: 64),
    ])
    func applicationsMayNotBeCalled(_ text: String) { #expect(ManifestID(text) == nil) }

    @Test(arguments: ["a", "_", "server_name", "a9", String(repeating: "a", count: 63)])
    func inputsMayBeCalled(_ text: String) { #expect(InputName(text)?.description == text) }

    @Test(arguments: [
        "", "9a", "A", "a-b", "a.b", "__proto__ ", "é", "a\u{301}", "a\0", String(repeating: "a", count: 64),
    ])
    func inputsMayNotBeCalled(_ text: String) { #expect(InputName(text) == nil) }

    @Test(arguments: [
        "PATH", "HOME", "IFS", "PS0", "PS4", "TZ", "EUID", "PROVISION_JOB_ID", "BASH_ENV", "LC_ALL",
        "LD_PRELOAD",
        "PYTHONPATH", "PERL5LIB", "RUBYOPT", "GIT_DIR", "SSH_ASKPASS", "DEBIAN_FRONTEND", "HTTPS_PROXY",
        "NOTIFY_SOCKET",
        "CURL_HOME", "NODE_OPTIONS", "MALLOC_CHECK_", "SECONDS", "FUNCNEST", "EXECIGNORE", "RANDOM", "LINENO",
        "BASHPID", "OPTIND",
        "SHLVL",
        "EPOCHREALTIME", "TMOUT",
    ])
    func theSystemKeeps(_ name: String) { #expect(EnvironmentName.isReserved(name)) }

    @Test(arguments: [
        "SERVER_NAME", "PS5", "PATHS", "MY_PATH", "PROXY", "APTITUDE", "GITHUB_TOKEN", "USERNAME",
    ])
    func scriptsMayHave(_ name: String) { #expect(!EnvironmentName.isReserved(name)) }

    @Test(arguments: ["", "9A", "a", "A-B", "A=B", "A B", "É", String(repeating: "A", count: 129)])
    func isNoVariable(_ name: String) { #expect(!EnvironmentName.isWellFormed(name)) }
}

@Suite("Paths of a manifest") struct RelativePathTests {
    @Test(arguments: ["install.sh", "a/b/c.sh", "..a", "a b"])
    func stayInside(_ path: String) { #expect(RelativePath.isWellFormed(path)) }

    @Test(arguments: [
        "", "/a", "a/", "a//b", "..", "../a", "a/../b", "./a", "a\\b", "a\nb", "a\0", "\u{202E}a",
    ])
    func areRefused(_ path: String) { #expect(!RelativePath.isWellFormed(path)) }
}
