"""Drives panel, agent and Redis of the release build over loopback and prints what it measured, as Markdown.

Every process is started here and ended by its pid; every loop is bounded.
"""
import atexit
import http.client, json, os, platform, re, secrets, shutil, signal, statistics, subprocess, sys, tempfile, time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANIFEST = """id: noop
name: Noop
version: "1.0"
inputs:
  - {name: server_name, type: string, validation: {pattern: '^[a-z0-9.-]+$'}}
  - {name: admin_email, type: email}
  - {name: enable_ssl, type: boolean, default: "true"}
install_script: install.sh
timeout_seconds: 60
"""


class House:
    """Redis, panel and so many agents of this machine in a folder of their own."""

    def __init__(self, programs, agents, log_level="warning"):
        self.programs, self.folder = Path(programs), Path(tempfile.mkdtemp(prefix="provision-bench-"))
        self.processes, self.token, self.port = {}, secrets.token_hex(24), 5099
        # Also where the start itself fails.
        atexit.register(self.close)
        app = self.folder / "installers" / "noop"
        app.mkdir(parents=True)
        (app / "manifest.yml").write_text(MANIFEST)
        (app / "install.sh").write_text("#!/bin/bash\nexit 0\n")
        (app / "install.sh").chmod(0o755)
        socket = self.folder / "redis.sock"
        self.env = dict(
            os.environ, SECRET_KEY=secrets.token_hex(32), REDIS_URL=f"unix://{socket}", PANEL_TOKEN=self.token,
            PANEL_PORT=str(self.port), PANEL_DATABASE=str(self.folder / "panel.sqlite"),
            PANEL_INSTALLERS=str(self.folder / "installers"), LOG_LEVEL=log_level,
            AGENT_INSTALLERS=str(self.folder / "installers"))
        self.start("redis", "redis-server", "--port", "0", "--unixsocket", str(socket), "--save", "", "--appendonly", "no")
        self.until(socket.exists)
        began = time.monotonic()
        self.start("panel", str(self.programs / "PanelServer"))
        self.until(self.answers, pause=0.002)
        self.first_answer = time.monotonic() - began
        self.agents = [f"agent-{number:03d}" for number in range(1, agents + 1)]
        for agent in self.agents:
            self.start(
                agent, str(self.programs / "AgentDaemon"), AGENT_ID=agent, SERVER_ID=agent,
                AGENT_STATE=str(self.folder / agent / "state"), AGENT_LOGS=str(self.folder / agent / "logs"))
        self.until(lambda: len(self.get("/api/servers")["servers"]) == agents)

    def start(self, name, *command, **settings):
        log = open(self.folder / f"{name}.log", "wb")
        self.processes[name] = subprocess.Popen(
            command, env=dict(self.env, **settings), stdout=log, stderr=log, cwd=self.folder)

    def stop(self, name):
        process = self.processes.pop(name)
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def until(self, fact, seconds=20, pause=0.05):
        end = time.monotonic() + seconds
        while not fact():
            if time.monotonic() > end:
                raise SystemExit("gave up waiting; logs:\n" + "\n".join(
                    f"{log.name}: {log.read_text(errors='replace')[-500:]}" for log in self.folder.glob("*.log")))
            time.sleep(pause)

    def answers(self):
        try:
            return self.get("/api/health")["success"]
        except OSError:
            return False

    def request(self, connection, method, path, body=None):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        connection.request(method, path, body, headers)
        return json.loads(connection.getresponse().read())

    def connection(self):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=40)

    def get(self, path):
        connection = self.connection()
        try:
            return self.request(connection, "GET", path)
        finally:
            connection.close()

    def memory(self, name):
        status = Path(f"/proc/{self.processes[name].pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1]) / 1024

    def close(self):
        for name in list(self.processes)[::-1]:
            self.stop(name)
        shutil.rmtree(self.folder, ignore_errors=True)


def accepted_per_second(house, connections, seconds=8):
    """Requests that were answered with 202, by wrk, the agent away: acceptance alone."""
    out = subprocess.run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(ROOT / "Benchmarks/post.lua"),
         f"http://127.0.0.1:{house.port}/api/apps/noop/install"], env=house.env, capture_output=True, text=True).stdout
    wrong = re.search(r"Non-2xx or 3xx responses: (\d+)", out)
    if wrong:
        raise SystemExit(f"{wrong[1]} requests were refused:\n{out}")
    latency = {p: v for p, v in re.findall(r"(50|99)%\s+([\d.]+\w+)", out)}
    return float(re.search(r"Requests/sec:\s+([\d.]+)", out)[1]), latency["50"], latency["99"]


def submit(house, connection, agent):
    """The id of a new job."""
    return house.request(connection, "POST", "/api/apps/noop/install", json.dumps({"server_id": agent, "inputs": {
        "server_name": "example.com", "admin_email": "admin@example.com", "enable_ssl": "true"}}))["job_id"]


def wait_for(house, connection, job):
    """Returns when the job has succeeded."""
    while True:
        page = house.request(connection, "GET", f"/api/jobs/{job}/log?wait=30")
        if page["complete"]:
            break
    if page["status"] != "succeeded":
        raise SystemExit(f"job {job} ended {page['status']}")


def submit_to_finished(house, count=300):
    """Milliseconds from the request to the answer that says the job is final, one job after another."""
    connection, times = house.connection(), []
    for _ in range(count):
        began = time.perf_counter()
        wait_for(house, connection, submit(house, connection, "agent-001"))
        times.append((time.perf_counter() - began) * 1000)
    return sorted(times)


def fsyncs_per_second(folder, seconds=2):
    """The disk's own rate: 4 KiB appended and fdatasync'ed, one after another."""
    file, count, end = os.open(folder / "fsync", os.O_CREAT | os.O_WRONLY | os.O_APPEND), 0, time.monotonic() + seconds
    while time.monotonic() < end:
        os.write(file, b"x" * 4096)
        os.fdatasync(file)
        count += 1
    os.close(file)
    return count / seconds


def spawns_per_second(seconds=2):
    """The machine's own rate of `bash -p script` for a script that does nothing."""
    count, end = 0, time.monotonic() + seconds
    with tempfile.NamedTemporaryFile("w", suffix=".sh") as script:
        script.write("exit 0\n")
        script.flush()
        while time.monotonic() < end:
            subprocess.run(["/bin/bash", "-p", script.name])
            count += 1
    return count / seconds


def everything(programs):
    house = House(programs, agents=1)
    try:
        time.sleep(2)
        idle = {name: house.memory(name) for name in ("panel", "agent-001")}
        times = submit_to_finished(house)
        busy = {name: house.memory(name) for name in ("panel", "agent-001")}
        floor, spawns = fsyncs_per_second(house.folder), spawns_per_second()
        house.stop("agent-001")
        rates = [(c, *accepted_per_second(house, c)) for c in (1, 16, 64)]
        loaded = house.memory("panel")
        print(f"{platform.machine()}, {os.cpu_count()} cores, Linux {platform.release()}; load before: {os.getloadavg()[0]:.1f}\n")
        print("| connections | accepted/s | p50 | p99 |\n| --- | --- | --- | --- |")
        for connections, rate, p50, p99 in rates:
            print(f"| {connections} | {rate:.0f} | {p50} | {p99} |")
        print(f"\n| submit → finished, no-op script, {len(times)} jobs | ms |\n| --- | --- |")
        print(f"| p50 | {statistics.median(times):.1f} |\n| p99 | {times[int(len(times) * 0.99) - 1]:.1f} |\n| max | {times[-1]:.1f} |")
        print("\n| resident memory, MiB | idle | after 300 jobs | after the load |\n| --- | --- | --- | --- |")
        print(f"| panel | {idle['panel']:.0f} | {busy['panel']:.0f} | {loaded:.0f} |")
        print(f"| agent | {idle['agent-001']:.0f} | {busy['agent-001']:.0f} | – |")
        print(f"\n| floor | in the same run |\n| --- | --- |\n| fdatasync of 4 KiB | {floor:.0f}/s |")
        print(f"| `bash -p` that does nothing | {spawns:.0f}/s |\n\nstart to the panel's first answer: {house.first_answer * 1000:.0f} ms")
    finally:
        house.close()


if __name__ == "__main__":
    what, programs = sys.argv[1:]
    if what == "first-answer":
        house = House(programs, agents=0)
        print(f"start to the panel's first answer: {house.first_answer * 1000:.0f} ms")
        house.close()
    else:
        everything(programs)
