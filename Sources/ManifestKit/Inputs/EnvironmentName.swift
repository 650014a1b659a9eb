/// Which variables a manifest may set for its scripts.
package enum EnvironmentName {
    /// Whether `name` is spelt as a variable: `[A-Z_][A-Z0-9_]{0,127}`.
    package static func isWellFormed(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        guard let first = bytes.first, bytes.count <= 128, !isDigit(first) else { return false }
        return bytes.allSatisfy {
            isDigit($0) || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) || $0 == UInt8(ascii: "_")
        }
    }

    /// Whether `name` belongs to the platform, the shell, the loader or a tool that acts on it.
    ///
    /// Such a variable would let a form's value change what a script does instead
    /// of what it works with.
    package static func isReserved(_ name: String) -> Bool {
        names.contains(name) || name.hasSuffix("_PROXY")
            || prefixes.contains { $0.utf8.first == name.utf8.first && name.hasPrefix($0) }
    }

    /// Reports a variable that a manifest may not set.
    ///
    /// - Parameter advice: What else there is to say of one that is reserved.
    static func check(
        _ variable: String, owner: String, advice: String = "", at location: SourceMark,
        _ findings: Findings
    ) {
        if !isWellFormed(variable) {
            findings.error(
                .identifier,
                "variable \(Diagnostic.quoted(variable))\(owner) is not upper-case letters, digits and underscores, at most 128, no digit first",
                at: location)
        } else if isReserved(variable) {
            findings.error(
                .reservedName,
                "variable '\(variable)'\(owner) is reserved for the platform or the system\(advice)",
                at: location)
        }
    }

    private static let names: Set<String> = [
        "PATH", "HOME", "SHELL", "USER", "LOGNAME", "PWD", "OLDPWD", "TMPDIR", "IFS", "ENV", "CDPATH",
        "GLOBIGNORE",
        "SHELLOPTS", "PROMPT_COMMAND", "EUID", "UID", "PPID", "LANG", "LANGUAGE", "TZ", "TERM", "PS0", "PS1",
        "PS2",
        "PS3", "PS4", "NOTIFY_SOCKET",
        // Bash gives these values of its own, whatever it is started with.
        "BASH", "BASHOPTS", "BASHPID", "COMP_WORDBREAKS", "EPOCHREALTIME", "EPOCHSECONDS", "HISTCMD",
        "LINENO",
        "OPTERR", "OPTIND", "RANDOM", "SECONDS", "SHLVL", "SRANDOM", "_",
        // And from these it takes orders.
        "EXECIGNORE", "FUNCNEST", "GLOBSORT", "IGNOREEOF", "POSIX_PEDANTIC", "TMOUT",
        // Common tools take orders from these.
        "TAR_OPTIONS", "GZIP", "BZIP", "BZIP2", "XZ_OPT", "XZ_DEFAULTS", "ZSTD_CLEVEL", "UNZIP", "ZIPOPT",
        "OPENSSL_CONF", "OPENSSL_CONF_INCLUDE", "OPENSSL_MODULES", "OPENSSL_ENGINES", "SSL_CERT_FILE",
        "SSL_CERT_DIR",
        "SSLKEYLOGFILE", "RSYNC_RSH", "RSYNC_OLD_ARGS", "RSYNC_PROXY", "MAKEFLAGS", "MAKEFILES", "WGETRC",
        "SYSTEM_WGETRC", "NETRC", "DOCKER_HOST", "DOCKER_CONFIG", "DOCKER_CONTEXT", "DOCKER_CERT_PATH",
        "DOCKER_TLS_VERIFY", "PGHOST", "PGHOSTADDR", "PGPORT", "PGUSER", "PGDATABASE", "PGPASSWORD",
        "PGPASSFILE",
        "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS", "MYSQL_PWD", "MYSQL_HOST", "MYSQL_HOME", "MYSQL_TCP_PORT",
        "MYSQL_UNIX_PORT", "MYSQL_TEST_LOGIN_FILE", "REDISCLI_AUTH", "LESSOPEN", "LESSCLOSE", "LESS", "PAGER",
        "EDITOR", "VISUAL", "BROWSER", "MANPAGER", "GREP_OPTIONS", "POSIXLY_CORRECT", "XDG_CONFIG_HOME",
        "XDG_CONFIG_DIRS", "XDG_DATA_HOME", "XDG_DATA_DIRS", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME",
        "XDG_STATE_HOME",
        "GNUPGHOME", "HOSTALIASES", "RES_OPTIONS", "LOCALDOMAIN", "NLSPATH", "TERMINFO", "TERMCAP", "CC",
        "CXX",
        "LDFLAGS", "CFLAGS", "CPPFLAGS", "CXXFLAGS", "CPATH", "LIBRARY_PATH", "PKG_CONFIG_PATH", "KUBECONFIG",
    ]

    private static let prefixes = [
        "PROVISION_", "BASH_", "LC_", "LD_", "DYLD_", "GCONV_", "MALLOC_", "PYTHON", "PERL", "RUBY", "NODE_",
        "JAVA_",
        "GIT_", "SSH_", "SUDO_", "DEBIAN_", "DEBCONF_", "APT_", "DPKG_", "UCF_", "NEEDRESTART_", "PIP_",
        "SYSTEMD_",
        "CURL_",
    ]

    private static func isDigit(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}
