internal import CLibSSL
internal import Glibc

/// The engine of one TLS connection: bytes in, bytes out, no socket.
///
/// libssl works on two buffers in memory, so that it never touches a
/// descriptor: nothing in it can block, or be killed by SIGPIPE.
final class TLSSession {
    private let ssl: OpaquePointer
    // Both are the session's own and go with it.
    private let incoming: OpaquePointer
    private let outgoing: OpaquePointer
    private var buffer = [UInt8](repeating: 0, count: 16 << 10)

    /// Whether the other side has said that nothing more comes.
    private(set) var isEnded = false

    /// - Parameter host: the name, or the number, that the server's certificate
    ///   has to be for.
    init(_ context: TLSContext, host: String) throws(TLSFailure) {
        guard let ssl = SSL_new(context.pointer), let incoming = BIO_new(BIO_s_mem()),
            let outgoing = BIO_new(BIO_s_mem())
        else { preconditionFailure("libssl had no memory for a session") }
        self.ssl = ssl
        self.incoming = incoming
        self.outgoing = outgoing
        SSL_set_bio(ssl, incoming, outgoing)
        SSL_set_connect_state(ssl)
        guard expect(host) else { throw .certificate(X509_V_ERR_HOSTNAME_MISMATCH) }
    }

    deinit { SSL_free(ssl) }

    // Where this were left out, any certificate of any trusted authority would do.
    private func expect(_ host: String) -> Bool {
        var number = in6_addr()
        // A number may have a zone, which is ours alone: fe80::1%eth0.
        let bare = String(host.prefix { $0 != "%" })
        if inet_pton(AF_INET, host, &number) == 1 || inet_pton(AF_INET6, bare, &number) == 1 {
            return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), bare) == 1
        }
        // The subject's common name is no host: only the names that are meant as such count.
        SSL_set_hostflags(
            ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        guard SSL_set1_host(ssl, host) == 1 else { return false }
        return host.withCString {
            SSL_ctrl(
                ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                UnsafeMutableRawPointer(mutating: $0)) == 1
        }
    }

    // MARK: - Steps

    /// Takes the handshake as far as the bytes so far allow; whether it is done.
    func handshake() throws(TLSFailure) -> Bool {
        ERR_clear_error()
        let result = SSL_do_handshake(ssl)
        if result != 1 {
            guard SSL_get_error(ssl, result) == SSL_ERROR_WANT_READ else { throw failure() }
            return false
        }
        // libssl has made sure of both; this is the last line before anything is said.
        let verdict = CInt(SSL_get_verify_result(ssl))
        guard verdict == X509_V_OK, SSL_get0_peer_certificate(ssl) != nil else {
            throw .certificate(verdict)
        }
        return true
    }

    /// Encrypts bytes, all of them.
    func seal(_ bytes: ArraySlice<UInt8>) throws(TLSFailure) {
        guard !bytes.isEmpty else { return }
        ERR_clear_error()
        // Into memory there is always room.
        let count = bytes.withUnsafeBytes { SSL_write(ssl, $0.baseAddress, CInt($0.count)) }
        guard count == bytes.count else { throw failure() }
    }

    /// Takes in what the other side sent.
    func feed(_ bytes: UnsafeRawBufferPointer) {
        let count = BIO_write(incoming, bytes.baseAddress, CInt(bytes.count))
        precondition(count == bytes.count, "libssl had no memory for what came in")
    }

    /// Adds all that can be decrypted by now; nothing of it stays behind in
    /// libssl.
    func open(into bytes: inout [UInt8]) throws(TLSFailure) {
        while !isEnded {
            ERR_clear_error()
            let count = SSL_read(ssl, &buffer, CInt(buffer.count))
            if count > 0 {
                bytes += buffer[..<Int(count)]
                continue
            }
            switch SSL_get_error(ssl, count) {
            case SSL_ERROR_WANT_READ: return
            case SSL_ERROR_ZERO_RETURN: isEnded = true
            default: throw failure()
            }
        }
    }

    /// What is to be sent, once.
    func takeOutgoing() -> [UInt8] {
        let count = BIO_ctrl_pending(outgoing)
        guard count > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: count) { bytes, size in
            size = max(0, Int(BIO_read(outgoing, bytes.baseAddress, CInt(count))))
        }
    }

    /// Says that nothing more comes from this side.
    func end() {
        ERR_clear_error()
        SSL_shutdown(ssl)
    }

    private func failure() -> TLSFailure {
        defer { ERR_clear_error() }
        let error = ERR_peek_error()
        let reason = ERR_GET_LIB(error) == ERR_LIB_SSL ? ERR_GET_REASON(error) : 0
        if reason == SSL_R_CERTIFICATE_VERIFY_FAILED { return .certificate(CInt(SSL_get_verify_result(ssl))) }
        return .library(reason, TLSFailure.libraryReason())
    }
}
