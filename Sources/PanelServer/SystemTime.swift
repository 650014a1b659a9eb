import Glibc
import JobKit

/// The machine's wall clock; Kits are handed it.
enum SystemTime {
    @Sendable static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        let now = Timestamp(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
        #if DEBUG
            return now.advanced(byMilliseconds: ClockShift.milliseconds)
        #else
            return now
        #endif
    }
}
