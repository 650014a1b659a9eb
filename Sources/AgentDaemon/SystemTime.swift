import Glibc
import JobKit

/// The machine's clocks; Kits are handed them.
enum SystemTime {
    /// The wall clock, and the boot clock that nobody can set.
    @Sendable static func now() -> Moment {
        let wall = Timestamp(milliseconds: milliseconds(CLOCK_REALTIME))
        let boot = milliseconds(CLOCK_BOOTTIME)
        #if DEBUG
            return Moment(wall: wall.advanced(byMilliseconds: ClockShift.milliseconds), boot: boot)
        #else
            return Moment(wall: wall, boot: boot)
        #endif
    }

    private static func milliseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
    }
}
