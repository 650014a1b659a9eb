import Glibc

/// The file system of the root folder, where applications go.
package enum RootDisk {
    /// What root and services may still write, in MiB; nil where the kernel does not say.
    package static func freeMiB() -> Int? {
        var status = statvfs()
        guard statvfs("/", &status) == 0 else { return nil }
        let (bytes, isTooLarge) = status.f_bavail.multipliedReportingOverflow(by: status.f_frsize)
        return isTooLarge ? nil : Int(clamping: bytes / (1 << 20))
    }
}
