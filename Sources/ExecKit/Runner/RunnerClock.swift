import JobKit

/// The two clocks of a runner, in milliseconds.
public struct RunnerClock: Sendable {
    private let wall: @Sendable () -> Int64
    private let boot: @Sendable () -> Int64

    /// The wall clock since 1970, and the clock since the server was started.
    public init(wall: @escaping @Sendable () -> Int64, boot: @escaping @Sendable () -> Int64) {
        self.wall = wall
        self.boot = boot
    }

    /// The moment to show.
    var now: Timestamp {
        #if DEBUG
            Timestamp(milliseconds: wall() + ClockShift.milliseconds)
        #else
            Timestamp(milliseconds: wall())
        #endif
    }

    /// The moment to reckon with: it goes on while the server sleeps, and nobody sets it.
    var elapsed: Int64 { boot() }
}
