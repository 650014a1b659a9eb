#!/usr/bin/env python3
"""The kits beside the same work in Python and beside libyaml, in one run.  Benchmarks/run kits

Wants PyYAML with its C loader, Pydantic 2 and jsonschema (`pip install pyyaml pydantic jsonschema`), cc, libyaml and Swift.
"""
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Annotated, Literal, Optional

root = pathlib.Path(__file__).resolve().parent.parent
SAMPLE = """\
id: nginx
name: NGINX Web Server
version: "1.0.0"
description: High-performance web server
category: web-server
os_requirements:
  family: [debian, ubuntu]
  min_version: "20.04"
inputs:
  - name: server_name
    type: string
    label: Server Name
    required: true
    validation:
      pattern: '^[a-z0-9\\-\\.]+$'
  - name: enable_ssl
    type: boolean
    label: Enable SSL
    default: "true"
  - name: https_port
    type: port
    label: HTTPS Port
    default: "443"
    visible_if:
      enable_ssl: "true"
install_script: install.sh
timeout_seconds: 600
idempotent: true
"""
ANSWERS = {"server_name": "example.com", "enable_ssl": "true", "https_port": "443"}
WRONG = {"server_name": "Bad Name!", "enable_ssl": "maybe", "https_port": "99999"}


def rate(body, units=1):
    """The median of seven runs, each of at least a fifth of a second."""
    count, rates = 1, []
    while len(rates) < 7:
        start = time.perf_counter()
        for _ in range(count):
            body()
        spent = time.perf_counter() - start
        if spent < 0.2:
            count *= 2
        else:
            rates.append(count * units / spent)
    return statistics.median(rates)


def peer(folder):
    """Prints the peers' figures; a process of its own, for its memory."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    import jsonschema
    import yaml
    from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

    class Rules(BaseModel):
        pattern: Optional[str] = None
        min_length: Optional[int] = None
        max_length: Optional[int] = None

    class Input(BaseModel):
        name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
        type: Literal["string", "integer", "boolean", "password", "select", "email", "port"]
        label: str
        required: bool = False
        default: Optional[str] = None
        validation: Rules = Rules()
        visible_if: Optional[dict[str, str]] = None

    class Manifest(BaseModel):
        id: str
        name: str
        version: str
        description: str = ""
        category: str = ""
        os_requirements: dict = {}
        inputs: list[Input] = []
        install_script: str = "install.sh"
        timeout_seconds: Annotated[int, Field(ge=1, le=86400)] = 600
        idempotent: bool = True

    def field(asked):
        if asked.type == "boolean":
            kind = bool
        elif asked.type == "port":
            kind = Annotated[int, Field(ge=1, le=65535)]
        else:
            rules = asked.validation
            kind = Annotated[str, Field(pattern=rules.pattern, min_length=rules.min_length, max_length=rules.max_length)]
        if asked.required and not asked.visible_if:
            return (kind, ...)
        return (Optional[kind], Field(default=asked.default, validate_default=True))

    def load(path):
        manifest = Manifest(**yaml.load(path.read_text(), Loader=yaml.CSafeLoader))
        fields = {asked.name: field(asked) for asked in manifest.inputs}
        model = create_model(manifest.id, __config__=ConfigDict(extra="forbid"), **fields)
        return model, [(asked.name, asked.visible_if) for asked in manifest.inputs if asked.visible_if]

    def load_all():
        return [load(path) for path in sorted(pathlib.Path(folder).glob("*/manifest.yml"))]

    def text(value):
        return ("true" if value else "false") if isinstance(value, bool) else str(value)

    model, hidden = load_all()[0]

    def accept():
        values = {name: text(value) for name, value in model(**ANSWERS).model_dump().items() if value is not None}
        for name, condition in hidden:
            if any(values.get(other) != wanted for other, wanted in condition.items()):
                values.pop(name, None)
        return values

    def refuse():
        try:
            model(**WRONG)
        except ValidationError as error:
            return error.errors()
        raise AssertionError("the wrong answers were accepted")

    schema = jsonschema.Draft202012Validator({
        "type": "object", "required": ["server_name"], "additionalProperties": False, "properties": {
            "server_name": {"type": "string", "pattern": r"^[a-z0-9\-\.]+$"},
            "enable_ssl": {"enum": ["true", "false"]},
            "https_port": {"type": "string", "pattern": r"^[1-9][0-9]{0,4}$"}}})
    assert len(refuse()) == 3 and accept()["https_port"] == "443"
    print("memory_start", before)
    print("memory_loaded", resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
    print("load", rate(load_all, units=len(load_all())))
    print("decode", rate(lambda: yaml.load(SAMPLE, Loader=yaml.CSafeLoader)))
    print("accept", rate(accept))
    print("refuse", rate(refuse))
    print("jsonschema", rate(lambda: schema.validate(ANSWERS)))


def figures(*command):
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split() for line in lines)}


def main():
    print("==> build", file=sys.stderr)
    kits = root / "Benchmarks/Kits"
    build = ["swift", "build", "--package-path", str(kits), "-c", "release"]
    subprocess.run(build, check=True, stdout=sys.stderr)
    program = subprocess.run(build + ["--show-bin-path"], check=True, capture_output=True, text=True).stdout.strip()
    with tempfile.TemporaryDirectory() as folder:
        for number in range(100):
            application = pathlib.Path(folder, "apps", f"app{number:03d}")
            application.mkdir(parents=True)
            (application / "manifest.yml").write_text(SAMPLE.replace("id: nginx", f"id: app{number:03d}"))
            script = application / "install.sh"
            script.write_text("#!/bin/bash\nexit 0\n")
            script.chmod(0o755)
        sample = pathlib.Path(folder, "sample.yml")
        sample.write_text(SAMPLE)
        events = os.path.join(folder, "events")
        subprocess.run(["cc", "-O2", "-o", events, str(root / "Benchmarks/libyaml_events.c"), "-lyaml"], check=True)
        print("==> measure", file=sys.stderr)
        apps = os.path.join(folder, "apps")
        runs = []
        for _ in range(3):
            ours = figures(program + "/KitBenchmark", apps)
            theirs = figures(sys.executable, __file__, "--peer", apps)
            bare = float(subprocess.run([events, str(sample)], check=True, capture_output=True, text=True).stdout)
            runs.append((ours, theirs, bare))

    def median(pick):
        return statistics.median(pick(*run) for run in runs)

    print(f"{os.cpu_count()} cores, one used; medians of three runs of each, in turn\n")
    print("| | ours | Python | ratio |\n| --- | --- | --- | --- |")
    for name, label in [
        ("load", "100 applications from disk to ready validators, manifests/s"),
        ("accept", "the sample's inputs accepted, from text, with `visible_if`, /s"),
        ("refuse", "three wrong inputs refused with their findings, /s"),
    ]:
        ours, theirs = median(lambda o, t, b: o[name]), median(lambda o, t, b: t[name])
        ratio = median(lambda o, t, b: o[name] / t[name])
        print(f"| {label} | {ours:,.0f} | {theirs:,.0f} | {ratio:.1f} |")
    print(f"| jsonschema on the same inputs, /s | – | {median(lambda o, t, b: t['jsonschema']):,.0f} | |")
    decode, bare = median(lambda o, t, b: 1e6 / o["decode"]), median(lambda o, t, b: b)
    print(f"| the sample's bytes to a manifest, µs | {decode:.1f} | {median(lambda o, t, b: 1e6 / t['decode']):.0f} (PyYAML alone) | |")
    print(f"| libyaml's events alone, µs | {bare:.1f} | | {decode / bare:.1f} times |")
    ours, theirs = (median(lambda o, t, b, i=i: (o, t)[i]["memory_loaded"]) / 1024 for i in (0, 1))
    print(f"| resident with 100 applications, MiB | {ours:.1f} | {theirs:.1f} | |")


if __name__ == "__main__":
    peer(sys.argv[2]) if sys.argv[1:2] == ["--peer"] else main()
