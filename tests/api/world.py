"""A company with hostile names, two years of figures, an open alert and a scorecard that is private; and the
daemon that shows it. As `tests/browser/world.mjs`, for what programs ask."""

import contextlib
import datetime
import os
import pathlib
import re
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]

# The program under test, as cargo builds it.
PROGRAM = os.environ.get("KPID_PROGRAM", str(ROOT / "target/debug/kpid"))

# However busy the machine is, a daemon shows itself within this.
STARTED_WITHIN_S = 60

CONFIG = """
store: kpid.db
calendar: { timezone: Europe/Amsterdam }
channels: { mail: { email: { folder: mail, from: kpid@acme.example } } }
people: { ada: { name: "Ada <b>Lovelace</b>", email: ada@acme.example }, bob: { name: Bob, email: bob@acme.example } }
digest: { schedule: "0 8 * * 1" }
connections:
  mes: { push: { max_per_minute: 10000, tokens: { line-1: { sha256: HASH } } } }
web: { listen: "127.0.0.1:0", local_user: ada }
"""

SCORECARD = """
scorecard: calder
name: "Acme; Söhne, \\\\n & <Co> رضا 🚲 Rindfleischetikettierungsüberwachungsaufgabenübertragungsgesetz"
owner: ada
report: { to: [ada] }
perspectives:
  customer:
    name: "<script>alert(1)</script>"
    owner: ada
    alert: { to: [ada] }
    objectives:
      answer:
        initiatives: { phones: { name: "Phones, new; \\\\, \\"loud\\"", owner: ada, due: DUE, state: running } }
        kpis:
          calls: { name: "Calls, answered; \\\\n", nature: level, unit: points, period: month, target: 100, tolerance: 10, owner: ada }
  growth:
    objectives:
      learn:
        kpis:
          mails: { nature: flow, target: 100, tolerance: 10, period: quarter, lag: 5wd }
          pushed: { nature: level, target: 10, tolerance: 2, source: { push: { from: mes } } }
"""

PRIVATE = """
scorecard: own
name: Of one person
private: true
owner: bob
perspectives: { p: { alert: { to: [bob] }, objectives: { o: { kpis: { secret: { nature: level, period: month, target: 100, tolerance: 10 } } } } } }
"""


def months():
    """The last two years of months, the oldest first; the newest is not over."""
    day, found = datetime.date.today().replace(day=1), []
    for _ in range(25):
        found.append(day.strftime("%Y-%m"))
        day = (day - datetime.timedelta(days=1)).replace(day=1)
    return found[::-1]


def run(folder, *arguments):
    command = [PROGRAM, "--config", str(folder / "kpid.yaml"), *arguments]
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode == 0, f"{command}: {ran.stderr}"
    return ran.stdout


def address(child, log):
    """Waits until a daemon has said where it shows itself."""
    until = time.monotonic() + STARTED_WITHIN_S
    while time.monotonic() < until:
        said = log.read_text()
        found = re.search(r"shows itself at (http://[\d.:]+)/", said)
        if found:
            return found[1]
        if child.poll() is not None:
            break
        time.sleep(0.05)
    raise RuntimeError(f"kpid does not show itself:\n{log.read_text()}")


@contextlib.contextmanager
def company():
    """Where the running daemon shows itself, and a token that pushes."""
    with tempfile.TemporaryDirectory(prefix="kpid-api-") as name:
        folder = pathlib.Path(name)
        made = subprocess.run([PROGRAM, "token", "line-1", "--push"], capture_output=True, text=True, check=True)
        token = made.stdout.split("\n")[1].strip()
        sha256 = re.search(r"sha256: ([0-9a-f]{64})", made.stdout)[1]
        due = datetime.date.today() + datetime.timedelta(days=40)
        (folder / "kpid.yaml").write_text(CONFIG.replace("HASH", sha256))
        (folder / "scorecards").mkdir()
        (folder / "scorecards/calder.yaml").write_text(SCORECARD.replace("DUE", str(due)))
        (folder / "scorecards/own.yaml").write_text(PRIVATE)
        rows = ["kpi,period,value"]
        for at, month in enumerate(months()):
            rows.append(f"calder/calls,{month},{60 if at > 20 else 101 + at % 4}")
            rows.append(f"own/secret,{month},{50 + at}")
        (folder / "figures.csv").write_text("\n".join(rows) + "\n")
        run(folder, "import", str(folder / "figures.csv"))
        log = folder / "log"
        with log.open("w") as output:
            command = [PROGRAM, "--config", str(folder / "kpid.yaml"), "run"]
            child = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            yield address(child, log), token
        finally:
            child.terminate()
            child.wait(timeout=60)
