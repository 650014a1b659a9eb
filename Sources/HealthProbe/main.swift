import Glibc

// A server that goes away in the middle of a request is a failure to tell of, and no end of this process.
signal(SIGPIPE, SIG_IGN)
guard let probe = Probe(CommandLine.arguments.dropFirst()) else {
    _ = Probe.usage.withCString { write(STDERR_FILENO, $0, strlen($0)) }
    exit(2)
}
if let failure = probe.failure() {
    print(failure)
    exit(1)
}
