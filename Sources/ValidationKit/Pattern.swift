import CPCRE2

/// A compiled pattern that answers for whole values, and always in time.
///
/// The work a match may do is counted, not timed, so that a panel and an agent of
/// different speed give the same answer.
final class Pattern: Sendable {
    /// What came of matching.
    enum Answer: Sendable {
        case matches, differs
        /// The work was given up; the value counts as refused.
        case limitReached
    }

    /// The longest pattern that is compiled, in characters.
    static let maximumLength = 4096

    /// The pattern as it was written.
    let source: String
    private let code: Code
    /// The bytes that it takes once compiled.
    let size: Int
    private let weight: Int
    private let share: Int

    /// The pattern that `source` spells.
    ///
    /// - Parameter share: among how many patterns the time is shared that one may take.
    init(_ source: String, share: Int = 1) throws(PatternError) {
        guard source.unicodeScalars.count <= Self.maximumLength else {
            throw PatternError(.malformed, at: 0, "is longer than \(Self.maximumLength) characters")
        }
        weight = try PatternSyntax(source).weight
        self.source = source
        code = try Code(source)
        size = code.size
        self.share = max(1, share)
    }

    /// Whether the whole of `text` matches.
    ///
    /// - Parameter most: fewer steps than a value may take, where many are matched at once.
    func match(_ text: String, steps most: UInt32 = .max) -> Answer {
        var text = text
        return text.withUTF8 { bytes in code.match(bytes, steps: min(most, steps(for: bytes.count))) }
    }

    /// How many steps the match of a value of `length` bytes may take.
    ///
    /// A step ends where the matcher may have to come back to. Within one it reads at
    /// most the whole value, at a price for each byte that follows from the pattern,
    /// and the whole pattern. The prices are nanoseconds as they were measured; with
    /// them, and 30 ms to spend, two minutes of random patterns over random values
    /// found none that took 50 ms. All patterns of a manifest share them.
    private func steps(for length: Int) -> UInt32 {
        let price = size + length * (3 + 5 * weight)
        return UInt32(clamping: max(1, min(100_000, 30_000_000 / price) / share))
    }
}

/// PCRE2's compiled form.
///
/// `@unchecked Sendable`: PCRE2 documents compiled patterns as read-only and safe
/// to share between threads (pcre2api, "Multithreading"); the pointer is set once
/// in `init`, freed in `deinit`, and everything a match writes to is made for that
/// match alone.
private final class Code: @unchecked Sendable {
    private let pointer: OpaquePointer

    init(_ source: String) throws(PatternError) {
        let options =
            PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY | PCRE2_NEVER_BACKSLASH_C
        var source = source
        var number: CInt = 0
        var offset = 0
        let compiled = source.withUTF8 { bytes in
            pcre2_compile_8(bytes.baseAddress, bytes.count, UInt32(options), &number, &offset, nil)
        }
        guard let compiled else {
            let before = String(decoding: source.utf8.prefix(offset), as: UTF8.self).unicodeScalars.count
            throw PatternError(.malformed, at: before, "does not compile: \(Self.message(number))")
        }
        pointer = compiled
    }

    deinit { pcre2_code_free_8(pointer) }

    /// The bytes of the compiled form.
    var size: Int {
        var size = 0
        _ = pcre2_pattern_info_8(pointer, UInt32(PCRE2_INFO_SIZE), &size)
        return size
    }

    func match(_ bytes: UnsafeBufferPointer<UInt8>, steps: UInt32) -> Pattern.Answer {
        guard let context = pcre2_match_context_create_8(nil), let data = pcre2_match_data_create_8(1, nil)
        else {
            return .limitReached
        }
        defer {
            pcre2_match_data_free_8(data)
            pcre2_match_context_free_8(context)
        }
        pcre2_set_match_limit_8(context, steps)
        pcre2_set_depth_limit_8(context, steps)
        pcre2_set_heap_limit_8(context, 8 * 1024)
        // The texts of Swift are UTF-8 already.
        let answer = pcre2_match_8(
            pointer, bytes.baseAddress, bytes.count, 0, UInt32(PCRE2_NO_UTF_CHECK), data, context)
        if answer >= 0 { return .matches }
        return answer == PCRE2_ERROR_NOMATCH ? .differs : .limitReached
    }

    private static func message(_ number: CInt) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let length = pcre2_get_error_message_8(number, &buffer, buffer.count)
        return length > 0 ? String(decoding: buffer[..<Int(length)], as: UTF8.self) : "error \(number)"
    }
}
