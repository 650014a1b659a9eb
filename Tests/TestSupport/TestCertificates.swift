import Glibc

/// An authority of a test's own and the certificates it gives, as files in a fresh folder.
package final class TestCertificates: Sendable {
    /// A certificate and its key, by their paths.
    package struct Identity: Sendable {
        package let certificate: String
        package let key: String
    }

    /// The authority's own certificate, by its path.
    package let authority: String
    private let folder: TemporaryDirectory

    package init() throws {
        folder = try TemporaryDirectory()
        authority = folder.path("ca.pem")
        try openssl(
            ["req", "-x509", "-subj", "/CN=authority", "-days", "2", "-out", authority], key: "ca.key")
        try Fixtures.write(
            """
            [ca]
            default_ca = own
            [own]
            database = \(folder.path("index"))
            new_certs_dir = \(folder.path)
            default_md = sha256
            policy = any
            rand_serial = yes
            unique_subject = no
            [any]
            commonName = supplied
            """, to: folder.path("ca.cnf"))
        try Fixtures.write("", to: folder.path("index"))
    }

    /// The path of a thing beside them.
    package func path(_ name: String) -> String { folder.path(name) }

    /// A certificate for hosts, as OpenSSL spells them: `IP:127.0.0.1,DNS:localhost`.
    ///
    /// - Parameters:
    ///   - years: in which it begins and ends; both have their first of January.
    ///   - issuer: who gives it instead of the authority.
    package func issue(
        _ name: String, for hosts: String = "IP:127.0.0.1,DNS:localhost",
        years: ClosedRange<Int> = 2020...2049,
        isAuthority: Bool = false, by issuer: Identity? = nil
    ) throws -> Identity {
        let identity = Identity(certificate: path("\(name).pem"), key: path("\(name).key"))
        try Fixtures.write(
            "subjectAltName=\(hosts)\nextendedKeyUsage=serverAuth,clientAuth\nbasicConstraints=CA:\(isAuthority)\n",
            to: path("\(name).ext"))
        try openssl(["req", "-subj", "/CN=\(name)", "-out", path("\(name).csr")], key: "\(name).key")
        try openssl([
            "ca", "-config", path("ca.cnf"), "-batch", "-notext", "-cert", issuer?.certificate ?? authority,
            "-keyfile", issuer?.key ?? path("ca.key"), "-in", path("\(name).csr"), "-extfile",
            path("\(name).ext"), "-startdate",
            "\(years.lowerBound)0101000000Z", "-enddate", "\(years.upperBound)0101000000Z", "-out",
            identity.certificate,
        ])
        return identity
    }

    /// A certificate that another one gave, with that one behind it in its file.
    package func chained(_ name: String, by issuer: Identity) throws -> Identity {
        let identity = try issue(name, by: issuer)
        let chain = try Fixtures.read(identity.certificate) + Fixtures.read(issuer.certificate)
        try Fixtures.write(chain, to: identity.certificate)
        return identity
    }

    private func openssl(_ words: [String], key: String) throws {
        try openssl(
            words + [
                "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", path(key),
            ])
    }

    private func openssl(_ words: [String]) throws {
        let code = try ChildProcess.run(["openssl"] + words, output: path("log"))
        guard code == 0 else { throw SystemFailure("openssl \(words[0]) ended with \(code)") }
    }
}
