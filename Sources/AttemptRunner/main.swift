import ExecKit
import Glibc

func milliseconds(of clock: clockid_t) -> Int64 {
    var time = timespec()
    clock_gettime(clock, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
}

let clock = RunnerClock(
    wall: { milliseconds(of: CLOCK_REALTIME) }, boot: { milliseconds(of: CLOCK_BOOTTIME) })
// Not `exit`: nothing is buffered, and what libraries would tidy up goes with the process.
_exit(RunnerMain.run(title: CommandLine.argc > 1 ? CommandLine.unsafeArgv[1] : nil, clock: clock))
