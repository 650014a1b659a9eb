internal import CLibSSL

/// Why TLS did not come about, or did not go on.
enum TLSFailure: Error {
    /// The server's certificate does not hold; libcrypto's number of the check.
    case certificate(CInt)
    /// libssl's own number and words, or what the other side's alert says.
    case library(CInt, String)
    /// What the server says is not TLS.
    case plainText

    /// The words of the first error that libssl has put down.
    static func libraryReason() -> String {
        ERR_reason_error_string(ERR_peek_error()).map { String(cString: $0) } ?? "no reason given"
    }

    /// The error to throw: what it is, and the cure.
    func error(from url: RedisURL) -> RedisError {
        switch self {
        case .certificate(let check):
            return RedisError(.untrusted, "the certificate of Redis at '\(url)' \(Self.flaw(check, url))")
        case .plainText:
            return RedisError(
                .untrusted, "Redis at '\(url)' does not speak TLS here; \(Self.plainTextHint)")
        case .library(let reason, let words):
            guard let what = Self.refusal(reason, words) else {
                return .lost(url, "TLS: \(words)")
            }
            return RedisError(.untrusted, "Redis at '\(url)' \(what)")
        }
    }

    /// What to look at where a server may know no TLS at all.
    static let plainTextHint = "an address of a server without it begins with 'redis://'"

    private static func flaw(_ check: CInt, _ url: RedisURL) -> String {
        switch check {
        case X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH:
            "is for other names; the address has to name the server as its certificate does"
        case X509_V_ERR_CERT_HAS_EXPIRED:
            "has expired, or one above it has"
        case X509_V_ERR_CERT_NOT_YET_VALID:
            "is not valid yet, or one above it is not; compare the clocks"
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
            X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
            X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE, X509_V_ERR_CERT_UNTRUSTED:
            "is signed by nobody this server trusts; name its CA in REDIS_CA_FILE"
        default:
            "does not hold: \(String(cString: X509_verify_cert_error_string(Int(check))))"
        }
    }

    // nil for what is a broken connection rather than a refusal.
    private static func refusal(_ reason: CInt, _ words: String) -> String? {
        switch reason {
        case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
            "wants a certificate of its clients; name one in REDIS_CERT_FILE and its key in REDIS_KEY_FILE"
        case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE, SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE,
            SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED, SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED,
            SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN, SSL_R_TLSV1_ALERT_UNKNOWN_CA,
            SSL_R_TLSV1_ALERT_ACCESS_DENIED, SSL_R_TLSV1_ALERT_DECRYPT_ERROR:
            "does not take the certificate in REDIS_CERT_FILE: \(words)"
        case SSL_R_SSLV3_ALERT_HANDSHAKE_FAILURE, SSL_R_TLSV1_ALERT_INSUFFICIENT_SECURITY:
            "ended the handshake: it wants a certificate of its clients (REDIS_CERT_FILE, REDIS_KEY_FILE), "
                + "or shares no cipher with this side"
        case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_SSL_VERSION,
            SSL_R_VERSION_TOO_LOW:
            "speaks no TLS of 1.2 or newer, and nothing older is safe"
        default:
            nil
        }
    }
}
