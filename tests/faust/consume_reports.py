"""Reads reports as a Faust application does, with Faust's own model, and prints each as a line of JSON.

    python consume_reports.py --count 1000 --timeout 60

It ends after `--count` reports, or with exit code 1 when fewer came in time. Reports that were on the topic
before are read too; `--case` picks those of one case.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile

import faust
from faust.livecheck.models import TestReport
from faust.utils import uuid

from broker import LIVECHECK_TOPICS, PARTITIONS, create_topics, faust_broker


def reports_app(uncommitted: bool) -> faust.App:
    app = faust.App(
        f"report-reader-{uuid()}",
        broker=faust_broker(),
        topic_partitions=PARTITIONS,
        datadir=tempfile.mkdtemp(prefix="report-reader-"),
        web_enabled=False,
        # A runner sends its reports in Kafka transactions. Faust leaves out the records of those that came
        # to nothing (of a runner that died in between) only when it is told to process exactly once ...
        processing_guarantee="at_least_once" if uncommitted else "exactly_once",
    )
    # ... and only in what `faust worker` starts; here there is no worker, so it is said by hand.
    app.in_worker = True
    return app


def as_line(key: str | None, report: TestReport, headers: dict) -> str:
    test = report.test
    return json.dumps(
        {
            "key": key,
            "case_name": report.case_name,
            "state": getattr(report.state, "value", report.state),
            "test": test
            and {
                "id": test.id,
                "case_name": test.case_name,
                "timestamp": test.timestamp.isoformat(),
                "expires": test.expires.isoformat(),
                "test_args": list(test.test_args),
                "test_kwargs": test.test_kwargs,
            },
            "runtime": report.runtime,
            "signal_latency": report.signal_latency,
            "error": report.error,
            "traceback": report.traceback,
            "headers": {name: value.decode(errors="backslashreplace") for name, value in headers.items()},
        },
        default=lambda model: model.asdict(),
    )


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, help="end after so many reports")
    parser.add_argument("--timeout", type=float, help="seconds to wait for them")
    parser.add_argument("--settle", type=float, default=0, help="go on for so many seconds, for any in excess")
    parser.add_argument("--case", help="only reports of the case of this name")
    parser.add_argument("--topic", default=os.environ.get("LIVECHECK_REPORT_TOPIC", "livecheck-report"))
    parser.add_argument("--uncommitted", action="store_true", help="read as a default Faust app does")
    args = parser.parse_args()

    await create_topics(*LIVECHECK_TOPICS, args.topic)
    app = reports_app(args.uncommitted)
    topic = app.topic(args.topic, key_type=str, value_type=TestReport)
    seen = 0
    enough = asyncio.Event()

    @app.agent(topic)
    async def print_reports(reports: faust.StreamT[TestReport]) -> None:
        nonlocal seen
        async for event in reports.events():
            report = event.value
            if args.case not in (None, report.case_name):
                continue
            print(as_line(event.key, report, event.headers), flush=True)
            seen += 1
            if args.count is not None and seen >= args.count:
                enough.set()

    await app.start()
    try:
        await asyncio.wait_for(enough.wait(), args.timeout)
        await asyncio.sleep(args.settle)
    except asyncio.TimeoutError:
        if args.count is not None:
            print(f"{seen} reports of {args.count} came in {args.timeout} s", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    code = asyncio.new_event_loop().run_until_complete(main())
    # Faust does not come to an end in order when it processes exactly once; and nobody will ask for this
    # group again.
    os._exit(code)
