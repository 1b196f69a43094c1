"""What programs are promised, tried by tools that are not ours: schemathesis asks everything that the OpenAPI
document allows and much that it does not, and a parser of RFC 5545 reads the calendar."""

import json
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

import icalendar

import world

HERE = pathlib.Path(__file__).resolve().parent

# So much of what schemathesis makes up for each operation; with it all of this takes less than a minute.
EXAMPLES = 25

# However busy the machine is, what was imported is judged within this.
OPENED_WITHIN_S = 60


def calendar(at):
    """Every entry has what RFC 5545 demands, and every line is as long as it allows."""
    with urllib.request.urlopen(f"{at}/calendar/calder.ics") as answer:
        assert answer.headers["content-type"].startswith("text/calendar"), answer.headers
        text = answer.read()
    for line in text.split(b"\r\n"):
        assert len(line) <= 75 and b"\n" not in line, line
    read = icalendar.Calendar.from_ical(text)
    assert not read.errors, read.errors
    assert "رضا 🚲" in read["NAME"], read["NAME"]
    events = read.walk("VEVENT")
    for event in events:
        assert not event.errors, event.errors
        assert {"UID", "DTSTAMP", "DTSTART", "SUMMARY"} <= set(event.keys()), event
    identities = [event["UID"] for event in events]
    assert len(set(identities)) == len(identities), identities
    summaries = [str(event["SUMMARY"]) for event in events]
    descriptions = [str(event.get("DESCRIPTION", "")) for event in events]
    assert 'Initiative due: Phones, new; \\, "loud"' in summaries, summaries
    assert any(text.startswith("Figures of ") for text in summaries), summaries
    assert any(text.startswith("Report of ") for text in summaries), summaries
    assert "Digest" in summaries, summaries
    assert any("Calls, answered; \\n" in text for text in descriptions), descriptions
    print(f"calendar: {len(events)} entries")


def alert(at):
    """There is one that nobody answers for: what schemathesis acts on."""
    until, found = time.monotonic() + OPENED_WITHIN_S, []
    while found != ["calder/customer/1"]:
        assert time.monotonic() < until, found
        time.sleep(0.1)
        with urllib.request.urlopen(f"{at}/api/v1/alerts?state=open") as answer:
            found = [row["id"] for row in json.load(answer)["items"]]


def schemathesis(at, token):
    """Nothing that is asked is answered otherwise than the document says."""
    command = [
        str(pathlib.Path(sys.executable).with_name("schemathesis")),
        "--config-file", str(HERE / "schemathesis.toml"),
        "run", f"{at}/api/v1/openapi.json",
        "--header", f"Authorization: Bearer {token}",
        "--suppress-health-check", "filter_too_much",
        "--max-examples", str(EXAMPLES),
    ]
    # What it remembers of a run is of no use in the next.
    with tempfile.TemporaryDirectory(prefix="schemathesis-") as folder:
        asked = subprocess.run(command, cwd=folder)
    assert asked.returncode == 0, "schemathesis found something; its report is above"


def main():
    begun = time.monotonic()
    with world.company() as (at, token):
        calendar(at)
        alert(at)
        schemathesis(at, token)
        with urllib.request.urlopen(f"{at}/readyz") as answer:
            assert answer.status == 200, "it goes on"
    print(f"in {time.monotonic() - begun:.0f} s")


main()
