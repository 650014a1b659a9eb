"""One job from end to end beside Celery and RQ on the same Redis, and the floors under it.  Benchmarks/run queue

Everything is measured in turn, three times or as often as said; the tables have the medians. Wants Celery, RQ and redis-py, and cc.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench import House, ROOT, submit, wait_for

SLOTS = 8
# As the aim counts a job's way: acceptance, claim, the claim taken in, `began`, the result and its line, the end taken
# in are seven durable writes, of which it allows six; and six messages over Redis.
DURABLE_WRITES, TRIPS = 6, 6


class Ours:
    name = "ours"

    def __init__(self, house):
        self.house = house

    def latencies(self, count):
        """Milliseconds from the request to the end, and to the script being let go, by one clock and in whole ones."""
        connection, ends, begins = self.house.connection(), [], []
        for _ in range(count):
            asked, started = time.time(), time.perf_counter()
            job = submit(self.house, connection, "agent-001")
            wait_for(self.house, connection, job)
            ends.append((time.perf_counter() - started) * 1000)
            began = self.house.request(connection, "GET", f"/api/jobs/{job}")["began_at"]
            begins.append((began - asked) * 1000)
        return ends, begins

    def rate(self, slots, count):
        connection, last = self.house.connection(), {}
        began = time.perf_counter()
        for number in range(count):
            agent = self.house.agents[number % slots]
            last[agent] = submit(self.house, connection, agent)
        # An agent runs its jobs in their order.
        for job in last.values():
            wait_for(self.house, connection, job)
        return count / (time.perf_counter() - began)


class Peer:
    """Workers as processes, started for one measurement; all of them are ready before it begins."""

    def __init__(self, house, script):
        self.house, self.ends = house, house.folder / "ends"
        socket = house.folder / "redis.sock"
        house.env.update(
            PEER_CELERY=f"redis+socket://{socket}?virtual_host=1", PEER_SCRIPT=script, PEER_ENDS=str(self.ends),
            PYTHONPATH=str(ROOT / "Benchmarks"))
        os.environ.update({name: house.env[name] for name in ("PEER_CELERY", "PEER_SCRIPT", "PEER_ENDS")})
        self.socket = str(socket)

    def latencies(self, count, slots):
        self.start(slots)
        try:
            times = []
            for _ in range(count):
                began = time.perf_counter()
                self.wait(self.enqueue())
                times.append((time.perf_counter() - began) * 1000)
            return times
        finally:
            self.stop()

    def rate(self, slots, count):
        self.start(slots)
        try:
            before, began = self.ended(), time.perf_counter()
            for _ in range(count):
                self.enqueue()
            self.house.until(lambda: self.ended() == before + count, seconds=120, pause=0.002)
            return count / (time.perf_counter() - began)
        finally:
            self.stop()

    def ended(self):
        return self.ends.stat().st_size if self.ends.exists() else 0

    def start(self, slots):
        self.workers = self.begin(slots)
        # As many at once as there are slots, so that each worker has begun its work.
        for handle in [self.enqueue() for _ in range(slots * 3)]:
            self.wait(handle)

    def stop(self):
        for worker in self.workers:
            self.house.stop(worker)


class Celery(Peer):
    name = "Celery"

    def begin(self, slots):
        import queue_tasks
        self.task = queue_tasks.celery_script
        self.house.start(
            "celery", sys.executable, "-m", "celery", "-A", "queue_tasks", "worker", "-P", "prefork", "-c", str(slots),
            "-l", "WARNING")
        return ["celery"]

    def enqueue(self):
        return self.task.delay()

    def wait(self, handle):
        handle.get(timeout=60, interval=0.001)


class RQ(Peer):
    name = "RQ"

    def begin(self, slots):
        import queue_tasks
        import redis
        import rq
        self.script = queue_tasks.script
        self.queue = rq.Queue("jobs", connection=redis.Redis(unix_socket_path=self.socket, db=2))
        workers = [f"rq-{number}" for number in range(slots)]
        for worker in workers:
            self.house.start(
                worker, sys.executable, "-m", "rq.cli", "worker", "--quiet", "-u", f"unix://{self.socket}?db=2", "jobs")
        return workers

    def enqueue(self):
        return self.queue.enqueue(self.script)

    def wait(self, handle):
        result = handle.latest_result(timeout=60)
        if result is None or result.type != result.Type.SUCCESSFUL:
            raise SystemExit(f"RQ's job ended {result and result.type}")


def floors(program, house, script):
    mounted = subprocess.run(["findmnt", "-nt", "cgroup2", "-o", "TARGET"], check=True, capture_output=True, text=True).stdout
    own = next(line[3:] for line in Path("/proc/self/cgroup").read_text().splitlines() if line.startswith("0::"))
    lines = subprocess.run(
        [program, str(house.folder), script, str(house.folder / "redis.sock"), mounted.split()[0] + own.rstrip("/")],
        check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def percentile(times, percent):
    return sorted(times)[int(len(times) * percent / 100)]


def measure(house, program, script):
    """One run: what was measured, by its name."""
    ours, celery, rq = Ours(house), Celery(house, script), RQ(house, script)
    found = {f"floor {name}": value for name, value in floors(program, house, script).items()}
    ends, begins = ours.latencies(300)
    found["begin p50"], found["begin p99"] = percentile(begins, 50), percentile(begins, 99)
    for peer, times in [
        (ours, ends),
        (celery, celery.latencies(300, slots=1)), (rq, rq.latencies(100, slots=1)),
    ]:
        found[f"{peer.name} p50"], found[f"{peer.name} p99"] = percentile(times, 50), percentile(times, 99)
    for slots in (1, SLOTS):
        found[f"ours {slots}"] = ours.rate(slots, 400 * slots if slots == 1 else 2000)
        found[f"Celery {slots}"] = celery.rate(slots, 1000)
        found[f"RQ {slots}"] = rq.rate(slots, 100 if slots == 1 else 300)
    found["Celery 2"] = celery.rate(2, 1000)
    return found


def report(runs):
    def median(pick):
        return statistics.median(pick(run) for run in runs)

    def value(name):
        return median(lambda run: run[name])

    def under(run):
        """The sum of a job's own floors in ms."""
        return (DURABLE_WRITES * run["floor write"] + run["floor spawn"] + TRIPS * run["floor trip"]) / 1000

    place = subprocess.run(
        ["findmnt", "-no", "FSTYPE,SOURCE", "-T", tempfile.gettempdir()], capture_output=True, text=True).stdout
    print(f"{' '.join(place.split())}; {os.cpu_count()} cores; medians of {len(runs)} runs of each in turn; load after: {os.getloadavg()[0]:.1f}\n")
    print("| floor | median | a second |\n| --- | --- | --- |")
    print(f"| 4 KiB appended and synced | {value('floor write'):.0f} µs | {1e6 / value('floor write'):,.0f} |")
    print(f"| a round trip to Redis | {value('floor trip'):.0f} µs | {1e6 / value('floor trip'):,.0f} |")
    print(f"| fork and exec of the script | {value('floor spawn'):.0f} µs | {value('floor spawn_rate_1'):,.0f} |")
    print(f"| {SLOTS} of them at a time | | {value('floor spawn_rate_8'):,.0f} |")
    print(f"| the same under a supervisor, in a cgroup, with its two durable writes | {value('floor attempt'):.0f} µs | {1e6 / value('floor attempt'):,.0f} |")
    print(f"| {SLOTS} of them at a time | | {value('floor attempt_rate_8'):,.0f} |")
    print("\n| submit → finished, ms | ours | Celery | RQ |\n| --- | --- | --- | --- |")
    for name in ("p50", "p99"):
        print(f"| {name} | " + " | ".join(f"{value(f'{peer} {name}'):.1f}" for peer in ("ours", "Celery", "RQ")) + " |")
    print(f"| until the script begins | {value('begin p50'):.1f}, p99 {value('begin p99'):.1f} (aim: 10) | | |")
    ratio = median(lambda run: run["ours p50"] / under(run))
    print(f"\nSum of a job's own floors: {median(under):.2f} ms; p50 is {ratio:.1f} times that (aim: 2).\n")
    print("| jobs/s | ours | Celery | RQ | fork and exec alone |\n| --- | --- | --- | --- | --- |")
    for slots in (1, SLOTS):
        print(
            f"| {slots} slot{'s' * (slots > 1)} | {value(f'ours {slots}'):,.0f} | {value(f'Celery {slots}'):,.0f} "
            f"| {value(f'RQ {slots}'):,.0f} | {value(f'floor spawn_rate_{slots}'):,.0f} |")
    print(f"| Celery's two prefork workers | | {value('Celery 2'):,.0f} | | |")
    share = median(lambda run: run[f"ours {SLOTS}"] / run["floor spawn_rate_8"])
    times = median(lambda run: run[f"ours {SLOTS}"] / run["Celery 2"])
    most = median(lambda run: run["floor attempt_rate_8"] / run["floor spawn_rate_8"])
    part = median(lambda run: run[f"ours {SLOTS}"] / run["floor attempt_rate_8"])
    print(f"\nAttempts alone, in C, reach {most * 100:.0f} % of fork and exec; ours {part * 100:.0f} % of theirs.")
    print(f"At {SLOTS} slots {share * 100:.0f} % of fork and exec alone (aim: 40 %), and {times:.2f} times Celery's two "
          "prefork workers (aim: more than 1).")


def main(programs, repeats):
    house = House(programs, agents=SLOTS)
    program, script = str(house.folder / "floors"), str(house.folder / "installers/noop/install.sh")
    subprocess.run(["cc", "-O2", "-o", program, str(ROOT / "Benchmarks/floors.c")], check=True)
    runs = []
    for number in range(repeats):
        print(f"==> run {number + 1} of {repeats}", file=sys.stderr)
        runs.append(measure(house, program, script))
        print("    " + ", ".join(f"{name} {value:.1f}" for name, value in runs[-1].items()), file=sys.stderr)
    report(runs)
    house.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
