internal import CLibSSL
import Glibc

/// A connection of libssl's, in clear or over TLS 1.2 or newer with a certificate that holds.
///
/// Its calls wait as long as the other side does.
final class WebConnection {
    /// Why there is no connection, or none any more.
    struct Failure: Error {
        let reason: String
    }

    private let stream: OpaquePointer
    private var isDone = false

    /// Connects; `localhost` is this server, by both of its numbers.
    init(to host: String, port: UInt16, isEncrypted: Bool = false) throws(Failure) {
        let numbers = host.lowercased() == "localhost" ? ["127.0.0.1", "::1"] : [host]
        var failure = Failure(reason: "")
        for number in numbers {
            do throws(Failure) {
                stream = try Self.connected(to: number, port, named: isEncrypted ? host : nil)
                return
            } catch {
                // What the first number says is what people expect.
                if failure.reason.isEmpty { failure = error }
            }
        }
        throw failure
    }

    deinit { BIO_free_all(stream) }

    /// Sends all of it.
    func send(_ text: String) throws(Failure) {
        var text = text
        let count = text.withUTF8 { BIO_write(stream, $0.baseAddress, CInt($0.count)) }
        guard count == text.utf8.count else { throw Self.failure() }
    }

    /// Bytes as they come; none at the end.
    func receive() throws(Failure) -> ArraySlice<UInt8> {
        var buffer = [UInt8](repeating: 0, count: 16 << 10)
        ERR_clear_error()
        let count = BIO_read(stream, &buffer, CInt(buffer.count))
        // An end without TLS's own goodbye is the end, too: what is missing shows.
        guard count >= 0 || ERR_peek_error() == 0 else { throw Self.failure() }
        return buffer[..<Int(max(0, count))]
    }

    // MARK: - Beginnings

    /// - Parameter name: Whose certificate it has to be; nil for a connection in clear.
    private static func connected(
        to number: String, _ port: UInt16, named name: String?
    ) throws(Failure) -> OpaquePointer {
        ERR_clear_error()
        let place = number.contains(":") ? "[\(number)]:\(port)" : "\(number):\(port)"
        guard let stream = try name == nil ? BIO_new_connect(place) : encrypted(for: name ?? "") else {
            throw failure()
        }
        if name != nil {
            _ = place.withCString {
                BIO_ctrl(stream, BIO_C_SET_CONNECT, 0, UnsafeMutableRawPointer(mutating: $0))
            }
        }
        guard BIO_ctrl(stream, BIO_C_DO_STATE_MACHINE, 0, nil) == 1 else {
            defer { BIO_free_all(stream) }
            throw failure(session(of: stream))
        }
        guard !isTalkingToItself(stream) else {
            BIO_free_all(stream)
            throw Failure(reason: String(cString: strerror(ECONNREFUSED)))
        }
        return stream
    }

    private static func encrypted(for host: String) throws(Failure) -> OpaquePointer? {
        guard let context = SSL_CTX_new(TLS_client_method()) else { return nil }
        defer { SSL_CTX_free(context) }
        SSL_CTX_ctrl(context, SSL_CTRL_SET_MIN_PROTO_VERSION, Int(TLS1_2_VERSION), nil)
        SSL_CTX_set_default_verify_paths(context)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        guard let stream = BIO_new_ssl_connect(context) else { return nil }
        guard let session = session(of: stream), expect(host, session) else {
            BIO_free_all(stream)
            throw Failure(reason: "no certificate can be for '\(host)'")
        }
        return stream
    }

    /// On this server a connection may draw the very port that it calls, where nobody listens, and meet itself.
    private static func isTalkingToItself(_ stream: OpaquePointer) -> Bool {
        var number: CInt = -1
        BIO_ctrl(stream, BIO_C_GET_FD, 0, &number)
        var (own, other) = (sockaddr_storage(), sockaddr_storage())
        func read(
            _ address: inout sockaddr_storage,
            _ call: (CInt, UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> CInt
        ) -> [UInt8] {
            var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
            return withUnsafeMutableBytes(of: &address) { bytes in
                guard let pointer = bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self),
                    call(number, pointer, &size) == 0
                else { return [] }
                return Array(bytes.prefix(Int(size)))
            }
        }
        let ends = (read(&own, getsockname), read(&other, getpeername))
        return !ends.0.isEmpty && ends.0 == ends.1
    }

    private static func session(of stream: OpaquePointer) -> OpaquePointer? {
        var session: OpaquePointer?
        BIO_ctrl(stream, BIO_C_GET_SSL, 0, &session)
        return session
    }

    /// Where this were left out, any certificate of any trusted authority would do.
    private static func expect(_ host: String, _ session: OpaquePointer) -> Bool {
        if X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host) == 1 { return true }
        ERR_clear_error()
        SSL_set_hostflags(
            session, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT))
        return SSL_set1_host(session, host) == 1
            && host.withCString {
                SSL_ctrl(
                    session, SSL_CTRL_SET_TLSEXT_HOSTNAME, Int(TLSEXT_NAMETYPE_host_name),
                    UnsafeMutableRawPointer(mutating: $0)) == 1
            }
    }

    private static func failure(_ session: OpaquePointer? = nil) -> Failure {
        let verdict = session.map { SSL_get_verify_result($0) } ?? Int(X509_V_OK)
        var detail: UnsafePointer<CChar>?
        var flags: CInt = 0
        let code = ERR_peek_error_all(nil, nil, nil, &detail, &flags)
        defer { ERR_clear_error() }
        if verdict != Int(X509_V_OK) {
            return Failure(
                reason:
                    "its certificate does not hold: \(String(cString: X509_verify_cert_error_string(verdict)))"
            )
        }
        if ERR_GET_LIB(code) == ERR_LIB_SYS {
            return Failure(reason: String(cString: strerror(ERR_GET_REASON(code))))
        }
        // A name that leads nowhere is told of by the resolver's own words.
        let words =
            flags & ERR_TXT_STRING != 0 && detail?.pointee != 0 ? detail : ERR_reason_error_string(code)
        return Failure(reason: words.map { String(cString: $0) } ?? "the connection was ended")
    }
}
