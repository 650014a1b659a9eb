#if DEBUG
    import Glibc
    import Synchronization

    /// By how much a test has this process's wall clock be off; there is no such thing in a release build.
    package enum ClockShift {
        /// The setting that names the file.
        package static let setting = "PROVISION_CLOCK"
        private static let path = Mutex<String?>(nil)

        /// The file that says by how much, in milliseconds; it is read with every look at the clock.
        package static var file: String? { path.withLock { $0 } }

        /// Has the clock go by this file from now on.
        package static func arm(_ file: String?) { path.withLock { $0 = file } }

        /// How far the clock is ahead just now.
        package static var milliseconds: Int64 {
            guard let file, case let descriptor = open(file, O_RDONLY | O_CLOEXEC), descriptor >= 0 else {
                return 0
            }
            defer { close(descriptor) }
            var bytes = [UInt8](repeating: 0, count: 32)
            let count = read(descriptor, &bytes, bytes.count)
            return Int64(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)) ?? 0
        }
    }
#endif
