"""1,000 agents that come and go, 10,000 jobs, one panel, one Redis; and 10,000 agents' beats.  Benchmarks/run fleet

The agents are light: production's decisions, messages and connections, with journals in memory and no processes.
"""
import os
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import threading
import time

from bench import House, submit

PROCESSES, AGENTS, JOBS, CLIENTS = 8, 1000, 10_000, 4
BEATING, SWEEPS = 10_000, 6
TICK = os.sysconf("SC_CLK_TCK")


def percentile(times, percent):
    return sorted(times)[min(len(times) - 1, int(len(times) * percent / 100))]


def seconds_of_cpu(process):
    fields = open(f"/proc/{process.pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def count_of_servers(house):
    return len(house.get("/api/servers")["servers"])


class Client(threading.Thread):
    """Submits its share of the jobs over a connection of its own, and keeps how long the answers took."""

    def __init__(self, house, number, jobs):
        super().__init__(daemon=True)
        self.house, self.number, self.jobs, self.times = house, number, jobs, []

    def run(self):
        connection = self.house.connection()
        for number in range(self.number, JOBS, CLIENTS):
            began = time.perf_counter()
            self.jobs.append(submit(self.house, connection, f"agent-{number % AGENTS}"))
            self.times.append((time.perf_counter() - began) * 1000)


class Sampler(threading.Thread):
    """Asks for a job every 50 ms, and keeps how long the answers took."""

    def __init__(self, house):
        super().__init__(daemon=True)
        self.house, self.jobs, self.times, self.is_over = house, [], [], threading.Event()

    def run(self):
        connection = self.house.connection()
        while not self.is_over.wait(0.05):
            if not self.jobs:
                continue
            began = time.perf_counter()
            answer = self.house.request(connection, "GET", f"/api/jobs/{random.choice(self.jobs)}")
            self.times.append((time.perf_counter() - began) * 1000)
            if not answer["success"]:
                raise SystemExit(f"the panel answered {answer}")


def work(programs):
    """One run: the figures, after every job was found final and begun exactly once."""
    house = House(programs, agents=0)
    share = AGENTS // PROCESSES
    fleet = [
        subprocess.Popen(
            [f"{programs}/fleet", "work", str(number * share), str(share)], env=house.env, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True)
        for number in range(PROCESSES)
    ]
    try:
        house.until(lambda: count_of_servers(house) == AGENTS, seconds=120, pause=0.5)
        sampler = Sampler(house)
        clients = [Client(house, number, sampler.jobs) for number in range(CLIENTS)]
        cpu, began = {name: seconds_of_cpu(p) for name, p in house.processes.items()}, time.perf_counter()
        for thread in [sampler, *clients]:
            thread.start()
        for client in clients:
            client.join()
        accepted = [each for client in clients for each in client.times]
        if len(accepted) != JOBS:
            raise SystemExit(f"only {len(accepted)} requests were accepted")
        in_all = time.perf_counter() - began

        def is_final():
            return not any(
                house.get(f"/api/jobs?status={state}&limit=1")["jobs"] for state in ("queued", "running", "waiting"))

        house.until(is_final, seconds=600, pause=0.25)
        spent = time.perf_counter() - began
        sampler.is_over.set()
        figures = {
            "jobs/s": JOBS / spent, "accepted/s": JOBS / in_all, "accepted p50": percentile(accepted, 50),
            "accepted p99": percentile(accepted, 99), "shown p50": percentile(sampler.times, 50),
            "shown p99": percentile(sampler.times, 99), "panel MiB": house.memory("panel"),
            "redis MiB": house.memory("redis"),
            "panel CPU ms": (seconds_of_cpu(house.processes["panel"]) - cpu["panel"]) / JOBS * 1000,
            "redis CPU ms": (seconds_of_cpu(house.processes["redis"]) - cpu["redis"]) / JOBS * 1000,
            "database MiB": (house.folder / "panel.sqlite").stat().st_size / 2**20,
        }
        begun, restarts = {}, 0
        for process in fleet:
            for line in process.communicate(timeout=60)[0].splitlines():
                words = line.split()
                if words[0] == "restarts":
                    restarts += int(words[1])
                else:
                    begun[words[1]] = int(words[2])
        compare(house, begun)
        return figures | {"restarts": restarts}
    finally:
        for process in fleet:
            process.kill()
            process.wait()
        house.close()


def compare(house, begun):
    """Ends the benchmark where the panel's record and what began on the agents are not the same."""
    record = sqlite3.connect(f"file:{house.folder}/panel.sqlite?mode=ro", uri=True)
    states = dict(record.execute("SELECT state, count(*) FROM job GROUP BY state"))
    ended = {f"{job}-{number}" for job, number in record.execute(
        "SELECT job, number FROM attempt WHERE phase = 'ended' AND ending = 'exited' AND code = 0")}
    record.close()
    if states != {"succeeded": JOBS}:
        raise SystemExit(f"jobs by state: {states}")
    if set(begun) != ended or len(ended) != JOBS or set(begun.values()) != {1}:
        raise SystemExit(
            f"the panel has {len(ended)} ends, {len(begun)} attempts began, up to {max(begun.values())} times")


def sweeps(programs):
    """Milliseconds of each sweep of 10,000 agents that beat every ten seconds, and the panel's share of a core."""
    house = House(programs, agents=0, log_level="trace")
    fleet = subprocess.Popen([f"{programs}/fleet", "beat", str(BEATING)], env=house.env)
    try:
        house.until(lambda: count_of_servers(house) == BEATING, seconds=300, pause=1)
        def found():
            text = (house.folder / "panel.log").read_text(errors="replace")
            return [float(first) for first in re.findall(rf"agents={BEATING} ms=([\d.]+)", text)]

        # The first ones still write what is new of each agent.
        house.until(lambda: len(found()) >= 3, seconds=120, pause=0.05)
        before, cpu, began = len(found()), seconds_of_cpu(house.processes["panel"]), time.monotonic()
        house.until(lambda: len(found()) >= before + SWEEPS, seconds=120, pause=0.05)
        share = (seconds_of_cpu(house.processes["panel"]) - cpu) / (time.monotonic() - began)
        unreachable = sum(server["unreachable_since"] is not None for server in house.get("/api/servers")["servers"])
        if unreachable:
            raise SystemExit(f"{unreachable} of {BEATING} agents count as unreachable")
        return {"sweep ms": statistics.median(found()[before:]), "sweep max ms": max(found()[before:]),
                "share": share, "panel MiB": house.memory("panel"), "redis MiB": house.memory("redis")}
    finally:
        fleet.kill()
        fleet.wait()
        house.close()


def main(programs, runs):
    worked, swept = [], []
    for number in range(runs):
        print(f"==> run {number + 1} of {runs}", file=sys.stderr)
        worked.append(work(programs))
        swept.append(sweeps(programs))
        print(f"    {worked[-1]}\n    {swept[-1]}", file=sys.stderr)

    def of(found, name):
        return statistics.median(run[name] for run in found)

    print(f"{os.cpu_count()} cores; medians of {runs} runs; load after: {os.getloadavg()[0]:.1f}\n")
    print(f"| {JOBS:,} jobs for {AGENTS:,} agents, one panel, one Redis | |\n| --- | --- |")
    print(f"| from the first request to the last end, jobs/s | {of(worked, 'jobs/s'):,.0f} |")
    print(f"| accepted over {CLIENTS} connections meanwhile, jobs/s | {of(worked, 'accepted/s'):,.0f} |")
    print(f"| a request's answer, p50 and p99, ms | {of(worked, 'accepted p50'):.1f}, {of(worked, 'accepted p99'):.1f} |")
    print(f"| a job shown, p50 and p99, ms | {of(worked, 'shown p50'):.1f}, {of(worked, 'shown p99'):.1f} |")
    print(f"| agents stopped and started again meanwhile | {of(worked, 'restarts'):,.0f} |")
    print(f"| the panel's CPU for a job, Redis's, ms | {of(worked, 'panel CPU ms'):.2f}, {of(worked, 'redis CPU ms'):.2f} |")
    print(f"| resident, panel and Redis, MiB | {of(worked, 'panel MiB'):.0f}, {of(worked, 'redis MiB'):.0f} |")
    print(f"| the database, MiB | {of(worked, 'database MiB'):.1f} |")
    print("\nEvery job succeeded, and its attempt began exactly once, by the agents' count and the panel's record.\n")
    print(f"| {BEATING:,} agents that beat every 10 s, swept every 5 s | |\n| --- | --- |")
    print(f"| one sweep, median and longest of {SWEEPS}, ms | {of(swept, 'sweep ms'):,.0f}, {of(swept, 'sweep max ms'):,.0f} |")
    print(f"| the panel's share of one core | {of(swept, 'share') * 100:.0f} % |")
    print(f"| resident, panel and Redis, MiB | {of(swept, 'panel MiB'):.0f}, {of(swept, 'redis MiB'):.0f} |")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
