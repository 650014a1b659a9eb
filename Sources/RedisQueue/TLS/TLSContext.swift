internal import CLibSSL

/// What every encrypted connection keeps to: TLS 1.2 or newer, a server that
/// proves itself, files read anew.
///
/// Not shared: it lives as long as the session that is made with it.
final class TLSContext {
    let pointer: OpaquePointer

    /// - Throws: ``RedisError`` that names the setting of a file that cannot be
    ///   used.
    init(_ trust: RedisTrust) throws(RedisError) {
        guard let pointer = SSL_CTX_new(TLS_client_method()) else {
            throw RedisError(.trustUnusable, "libssl could not be set up")
        }
        self.pointer = pointer
        SSL_CTX_ctrl(pointer, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        SSL_CTX_set_options(pointer, provision_no_renegotiation)
        SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        defer { ERR_clear_error() }
        try trustAuthorities(trust)
        switch (trust.certificateFile, trust.keyFile) {
        case (nil, nil):
            break
        case (let certificate?, let key?):
            try present(certificate: certificate, key: key)
        case (let certificate?, nil):
            throw TrustFile.unusable(.certificate, certificate, "has no key; name its key in REDIS_KEY_FILE")
        case (nil, let key?):
            throw TrustFile.unusable(
                .key, key, "belongs to no certificate; name its certificate in REDIS_CERT_FILE")
        }
    }

    deinit { SSL_CTX_free(pointer) }

    // MARK: - Whom we trust

    private func trustAuthorities(_ trust: RedisTrust) throws(RedisError) {
        guard let path = trust.authorityFile else {
            SSL_CTX_set_default_verify_paths(pointer)
            return
        }
        let store = SSL_CTX_get_cert_store(pointer)
        for certificate in try certificates(in: path, for: .authority) {
            X509_STORE_add_cert(store, certificate)
            X509_free(certificate)
        }
        // Whatever stands in the file is trusted by itself, an intermediate authority too.
        X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }

    // MARK: - Who we are

    private func present(certificate: String, key: String) throws(RedisError) {
        let chain = try certificates(in: certificate, for: .certificate)
        defer { for certificate in chain { X509_free(certificate) } }
        guard SSL_CTX_use_certificate(pointer, chain[0]) == 1 else {
            throw TrustFile.unusable(
                .certificate, certificate, "is not accepted: \(TLSFailure.libraryReason())")
        }
        for certificate in chain.dropFirst() {
            // It keeps the one that it is given, and so do we until the end.
            X509_up_ref(certificate)
            SSL_CTX_ctrl(pointer, SSL_CTRL_EXTRA_CHAIN_CERT, 0, UnsafeMutableRawPointer(certificate))
        }
        let parsed = try privateKey(in: key)
        defer { EVP_PKEY_free(parsed) }
        guard SSL_CTX_use_PrivateKey(pointer, parsed) == 1, SSL_CTX_check_private_key(pointer) == 1 else {
            throw TrustFile.unusable(
                .key, key, "is not the key of the certificate in REDIS_CERT_FILE, '\(certificate)'")
        }
    }

    private func certificates(
        in path: String, for setting: RedisTrust.Setting
    ) throws(RedisError) -> [OpaquePointer] {
        let bytes = try TrustFile.read(path, for: setting)
        var certificates: [OpaquePointer] = []
        ERR_clear_error()
        withInput(bytes) { input in
            while let certificate = PEM_read_bio_X509(input, nil, nil, nil) {
                certificates.append(certificate)
            }
        }
        // It ends with "no more lines"; anything else is a certificate that cannot be read.
        let isWhole = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE
        ERR_clear_error()
        guard isWhole, !certificates.isEmpty else {
            for certificate in certificates { X509_free(certificate) }
            throw TrustFile.unusable(setting, path, "is not a file of certificates in PEM's form")
        }
        return certificates
    }

    private func privateKey(in path: String) throws(RedisError) -> OpaquePointer {
        var bytes = try TrustFile.read(path, for: .key, isSecret: true)
        defer { bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) } }
        // Without this, libcrypto would ask for a passphrase on the terminal.
        var wasAsked: CInt = 0
        let key = withUnsafeMutablePointer(to: &wasAsked) { wasAsked in
            withInput(bytes) { input in
                PEM_read_bio_PrivateKey(
                    input, nil,
                    { _, _, _, wasAsked in
                        wasAsked?.assumingMemoryBound(to: CInt.self).pointee = 1
                        return -1
                    }, wasAsked)
            }
        }
        guard let key else {
            throw TrustFile.unusable(
                .key, path,
                wasAsked != 0 ? "has a passphrase; take it away" : "is not a private key in PEM's form")
        }
        return key
    }

    private func withInput<Result>(_ bytes: [UInt8], _ body: (OpaquePointer?) -> Result) -> Result {
        bytes.withUnsafeBytes { bytes in
            let input = BIO_new_mem_buf(bytes.baseAddress, CInt(bytes.count))
            defer { BIO_free(input) }
            return body(input)
        }
    }
}
