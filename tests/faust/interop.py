"""The Faust service and a runner of ours, side by side: every order that the service is asked for is checked.

    python interop.py --orders 1000 -- cargo livecheck run

What follows `--` executes the case `examples.livecheck.test_order`; it is started here, and ended with
SIGINT. Faust only triggers and signals. The reports are read by a Faust application. Each order that was
followed must have exactly one report, with the right state and content:

    the service as it is     PASS
    it turns a sell round    FAIL      (STOCK_ORDERS_BREAK=side)
    it says nothing at last  TIMEOUT   (STOCK_ORDERS_BREAK=execution)
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import asynccontextmanager
from pathlib import Path

from broker import LIVECHECK_TOPICS, create_topics

HERE = Path(__file__).parent
CASE = "examples.livecheck.test_order"
SIGNALS = {"order_sent_to_db", "order_sent_to_kafka", "order_cache_in_redis", "order_executed"}
PASSES = ("PASS", "111/***/111")

# A few orders are enough to see that a broken step is noticed; each costs a timeout.
BROKEN = {"side": "FAIL", "execution": "TIMEOUT"}
BROKEN_ORDERS = 5


class Failed(Exception):
    pass


@asynccontextmanager
async def running(name: str, folder: Path, *command: str, end=signal.SIGTERM, **env: str):
    """The program, from here on, its output in a file; it must still be there at the end."""
    with open(folder / f"{name}.log", "wb") as log:
        process = await asyncio.create_subprocess_exec(
            *command, env=os.environ | env, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        yield process
        if process.returncode is not None:
            raise Failed(f"{name} ended by itself, with exit code {process.returncode}")
    finally:
        if process.returncode is None:
            process.send_signal(end)
        try:
            await asyncio.wait_for(process.wait(), 30)
        except asyncio.TimeoutError:
            process.kill()
            print(f"{name} did not end within 30 s of being asked to", file=sys.stderr)
            raise


async def output_of(*command: str, accept: tuple[int, ...] = (0,), **env: str) -> list:
    """The lines of JSON that one of the programs beside this one prints."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, HERE / command[0], *command[1:],
        env=os.environ | env, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    stdout, _ = await process.communicate()
    if process.returncode not in accept:
        raise Failed(f"{' '.join(command)} ended with exit code {process.returncode}")
    return [json.loads(line) for line in stdout.splitlines()]


async def place(count: int) -> list[str]:
    return (await output_of("post_orders.py", str(count)))[0]["followed"]


async def reports(count: int, timeout: float, settle: float = 0) -> list[dict]:
    limits = ("--count", str(count), "--timeout", str(timeout), "--settle", str(settle))
    return await output_of("consume_reports.py", "--case", CASE, *limits, accept=(0, 1))


def check(report: dict, state: str) -> None:
    """What a reader of Faust's model may rely on."""
    expected = PASSES if state == "PASS" else (state,)
    test = report["test"]
    ok = (
        report["state"] in expected
        and report["key"] == test["id"]
        and test["case_name"] == CASE
        and test["test_kwargs"] == {"side": "sell"}
        and report["runtime"] >= 0
        and (report["error"] is None) == (state == "PASS")
        and set(report["signal_latency"]) <= SIGNALS
        and (state != "PASS" or set(report["signal_latency"]) == SIGNALS)
        and report["headers"]["LiveCheck-Test-Id"] == test["id"]
        and report["headers"]["LiveCheck-Test-Name"] == CASE
    )
    if not ok:
        raise Failed(f"expected a report {state}, got {json.dumps(report, indent=2)}")


def check_all(expected: dict[str, str], found: list[dict]) -> None:
    """One report for each execution, none for anything else."""
    times = Counter(report["test"]["id"] for report in found if report["test"])
    if missing := expected.keys() - times.keys():
        raise Failed(f"{len(missing)} of {len(expected)} have no report, such as {sorted(missing)[:3]}")
    if twice := [test_id for test_id, count in times.items() if count > 1]:
        raise Failed(f"{len(twice)} have more than one report, such as {twice[:3]}")
    if unknown := times.keys() - expected.keys():
        raise Failed(f"{len(unknown)} reports are on nothing that was triggered: {sorted(unknown)[:3]}")
    for report in found:
        if report["test"]:
            check(report, expected[report["test"]["id"]])


async def interop(orders: int, folder: Path, runner: list[str]) -> None:
    service = (sys.executable, str(HERE / "stock_orders.py"), "worker", "-l", "info")
    settings = {"STOCK_ORDERS_PROBABILITY": "1.0", "STOCK_ORDERS_STATE": str(folder)}
    expected: dict[str, str] = {}
    await create_topics("orders", "order-execution", *LIVECHECK_TOPICS)

    async with running("runner", folder, *runner, end=signal.SIGINT, **settings) as process:
        async with running("service", folder, *service, **settings):
            # The runner may start at the end of the topics: single orders, until one of them is reported on.
            # Those before it are the runner's to take or to leave.
            deadline = time.monotonic() + 120
            early: list[str] = []
            while not await reports(1, timeout=3):
                if process.returncode is not None:
                    raise Failed(f"the runner ended by itself, with exit code {process.returncode}")
                if time.monotonic() > deadline:
                    raise Failed("the runner reports nothing")
                early += await place(1)
            taken = len(await reports(len(early), timeout=5))
            print("the runner executes the case", flush=True)

            started = time.monotonic()
            for test_id in await place(orders):
                expected[test_id] = "PASS"
            print(f"{orders} orders placed in {time.monotonic() - started:.1f} s", flush=True)
        for broken, state in BROKEN.items():
            async with running(f"service-{broken}", folder, *service, **settings, STOCK_ORDERS_BREAK=broken):
                for test_id in await place(BROKEN_ORDERS):
                    expected[test_id] = state
        # All of them, and for some seconds more: a report too many would come late.
        found = [
            report
            for report in await reports(len(expected) + taken, timeout=60, settle=5)
            if not report["test"] or report["test"]["id"] not in early
        ]
        check_all(expected, found)
    states = Counter(report["state"] for report in found)
    print(f"{len(expected)} executions, each reported once: {dict(states)}")


async def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--orders", type=int, default=1000)
    parser.add_argument("runner", nargs="+", help="the command that executes the case")
    args = parser.parse_args()
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

    with tempfile.TemporaryDirectory(prefix="interop-") as folder:
        try:
            await interop(args.orders, Path(folder), args.runner)
        except Failed as failed:
            print(f"FAILED: {failed}", file=sys.stderr)
            for log in sorted(Path(folder).glob("*.log")):
                tail = log.read_text(errors="replace").splitlines()[-30:]
                print(f"--- {log.name}", *tail, sep="\n", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
