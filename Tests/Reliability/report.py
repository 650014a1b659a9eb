#!/usr/bin/env python3
"""Writes the tables of docs/RELIABILITY.md from what runs of the tests printed: the logs in .build/reliability.

Rows and what they try stand in faults.txt and bad-inputs.txt. A row without a test, and one whose test did not run in every
round, is said to be so. Ends with 1, and says why, where a log is missing or anything failed.

    report.py               writes the tables
    report.py --bad-inputs  prints the filter that runs the tests of the bad messages
"""
import re
import sys
from collections import Counter, defaultdict, namedtuple
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / ".build/reliability"
PAGE = ROOT / "docs/RELIABILITY.md"
GUARANTEES = {
    "G1": "accepted is kept", "G2": "accepted once", "G3": "an attempt begins at most once", "G4": "one at a time",
    "G5": "audited before it starts", "G6": "truthful end", "G7": "no invention", "G8": "logs are whole",
    "G9": "nothing forged executes", "G10": "a key is worth one agent", "G11": "a stolen record commands nobody",
    "G12": "no secret at rest in clear", "G13": "bounded stop", "G14": "no crash loop by a message",
    "G15": "every input is bounded", "G16": "tampering with the audit trail shows",
}
# What the simulator's oracle judges, by its own words.
SIMULATED = ["G1", "G2", "G3", "G4", "G5", "G6", "G7", "G8", "G9"]


Results = namedtuple("Results", "ran rounds failed skipped count")
problems = []


def log(name):
    path = LOGS / name
    if not path.exists():
        problems.append(f"{name} is missing")
        return ""
    return path.read_text()


def provenance():
    """What was run, when and where, as scripts/reliability noted it."""
    return log("run.txt").strip() or "nobody knows what was run"


def table(name):
    """The rows of a file beside this one, each in its parts."""
    lines = (ROOT / "Tests/Reliability" / name).read_text().splitlines()
    return [line.split("|") for line in lines if not line.startswith("#")]


def faults():
    return table("faults.txt")


def sources():
    return [path.read_text() for path in sorted((ROOT / "Tests").rglob("*.swift"))]


def tests():
    """Which tests try each fault, by their names."""
    found = defaultdict(set)
    for text in sources():
        for number, words in re.findall(r"\bfunc f(\d\d)([A-Z]\w*)\(", text):
            found["F" + number].add(f"f{number}{words}")
    return found


def tests_of_bad_inputs():
    """Which tests try each bad message: their comments begin with its number."""
    found, names = defaultdict(set), Counter()
    for text in sources():
        names.update(re.findall(r"\bfunc (\w+)\(", text))
        for numbers, name in re.findall(r"/// ((?:[FJ]\d\d(?:, )?)+)[.:](?:(?!\n\s*\n).)*?\bfunc (\w+)\(", text, re.S):
            for number in re.findall(r"J\d\d", numbers):
                found[number].add(name)
    for name in set().union(*found.values()):
        if names[name] > 1:
            problems.append(f"{name}: more than one test has this name")
    return found


def results(pattern="round-*.log"):
    """Of each test in these logs how often it ran, in how many rounds, and how often it failed or was skipped; the number of rounds."""
    ran, rounds, failed, skipped = Counter(), Counter(), Counter(), Counter()
    logs = sorted(LOGS.glob(pattern))
    for path in logs:
        text = path.read_text()
        if not re.search(r"[✔✘] Test run with \d+ tests?", text):
            problems.append(f"{path.name} has no end: the run died")
        for line in text.splitlines():
            if end := re.match(r"([✔✘]) Test (\w+)\(.*?\)(?: with (\d+) test cases?)? (?:passed|failed) after", line):
                mark, name, cases = end.groups()
                ran[name] += int(cases or 1)
                rounds[name] += 1
                failed[name] += mark == "✘"
            elif left := re.match(r"➜ Test (\w+)\(.*skipped", line):
                skipped[left[1]] += 1
    if not logs:
        problems.append(f"{pattern} is missing")
    return Results(ran, rounds, failed, skipped, len(logs))


def verdict(names, found):
    if not names:
        return "no test"
    if not found.count:
        return "**not run**"
    if wrong := sum(found.failed[name] for name in names):
        return f"**{wrong} failed**"
    if missing := [name for name in names if found.rounds[name] < found.count]:
        if all(found.skipped[name] for name in missing):
            return "skipped"
        return f"**in {min(found.rounds[name] for name in missing)} of {found.count} rounds**"
    return "all passed"


def fault_table():
    run, found = results(), tests()
    rows = [f"{provenance()}; rounds: {run.count}.", "", "| row | guarantees | fault | tests | runs | result | weaker, or not covered |",
            "| --- | --- | --- | --- | --- | --- | --- |"]
    for number, guarantees, what, remark in faults():
        names = sorted(found[number])
        result = verdict(names, run)
        if "**" in result:
            problems.append(f"{number}: {result.strip('*')}")
        rows.append("| {} | {} | {} | {} | {} | {} | {} |".format(
            number, guarantees, what, ", ".join(f"`{name}`" for name in names), sum(run.ran[name] for name in names),
            result, remark))
    return rows


def bad_input_table():
    run, found = results("bad-inputs.log"), tests_of_bad_inputs()
    rows = ["| row | message | what becomes of it | tests | cases | result | weaker, or not covered |",
            "| --- | --- | --- | --- | --- | --- | --- |"]
    for number, what, outcome, remark in table("bad-inputs.txt"):
        names = sorted(found[number])
        result = verdict(names, run)
        if "**" in result:
            problems.append(f"{number}: {result.strip('*')}")
        rows.append("| {} | {} | {} | {} | {} | {} | {} |".format(
            number, what, outcome, ", ".join(f"`{name}`" for name in names), sum(run.ran[name] for name in names), result, remark))
    return rows


def simulated():
    """The schedules of each scenario, and its violations by guarantee."""
    text = log("simulate.log")
    found = []
    for name, count, wrong, rest in re.findall(r"^(\w+): (\d+) schedules, (\d+) violations(.*)$", text, re.M):
        by = {guarantee: int(number) for guarantee, number in re.findall(r"(G\d+) (\d+)", rest)}
        found.append((name, int(count), int(wrong), by))
    return found


def guarantee_table():
    run, found, scenarios = results(), tests(), simulated()
    schedules = sum(count for _, count, _, _ in scenarios)
    rows = ["| guarantee | schedules simulated | wrong | rows | runs of real processes | failed |",
            "| --- | --- | --- | --- | --- | --- |"]
    for name, words in GUARANTEES.items():
        numbers = [row[0] for row in faults() if name in row[1].split()]
        names = [test for number in numbers for test in found[number]]
        seen = f"{schedules:,}" if name in SIMULATED else ""
        wrong = sum(by.get(name, 0) for _, _, _, by in scenarios) if name in SIMULATED else ""
        rows.append("| {}: {} | {} | {} | {} | {:,} | {} |".format(
            name, words, seen, wrong, " ".join(numbers), sum(run.ran[test] for test in names),
            sum(run.failed[test] for test in names)))
    return rows


def mutant_table():
    text = log("mutants.log")
    counts = defaultdict(lambda: [0, 0, Counter()])
    for name, number, wrong, rest in re.findall(
            r"^without (\w+), \w+(?: from seed \d+)?: (\d+) schedules, (\d+) violations(.*)$", text, re.M):
        counts[name][0] += int(number)
        counts[name][1] += int(wrong)
        for kind, times in re.findall(r"(G\d+|pause) (\d+)", rest):
            counts[name][2][kind] += int(times)
    rows = [f"{sum(wrong > 0 for _, wrong, _ in counts.values())} of {len(counts)} are missed: without them something breaks.", "",
            "| without | schedules | wrong | rate | what breaks |", "| --- | --- | --- | --- | --- |"]
    for name, (number, wrong, kinds) in sorted(counts.items()):
        rows.append("| {} | {:,} | {} | {:.2g} % | {} |".format(
            name.replace("_", " "), number, wrong, 100 * wrong / number,
            ", ".join(f"{kind} {times}" for kind, times in kinds.most_common())))
    return rows


def scenario_table():
    rows = ["| scenario | schedules | wrong |", "| --- | --- | --- |"]
    scenarios = simulated()
    if any(wrong for _, _, wrong, _ in scenarios):
        problems.append("a schedule broke a guarantee")
    return rows + [f"| `{name}` | {count:,} | {wrong} |" for name, count, wrong, _ in scenarios]


def write():
    text = PAGE.read_text()
    for name, table in [("guarantees", guarantee_table()), ("scenarios", scenario_table()),
                        ("safeguards", mutant_table()), ("faults", fault_table()),
                        ("bad messages", bad_input_table())]:
        begin, end = f"<!-- {name}: from the run -->", f"<!-- end of {name} -->"
        head, rest = text.split(begin)
        tail = rest.split(end)[1]
        text = "\n".join([head + begin, *table, end + tail])
    PAGE.write_text(text)


if "--bad-inputs" in sys.argv:
    print("/({})\\(".format("|".join(sorted(set().union(*tests_of_bad_inputs().values())))))
else:
    write()
for problem in sorted(set(problems)):
    print(f"reliability: {problem}", file=sys.stderr)
sys.exit(bool(problems))
