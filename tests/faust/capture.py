"""Writes down what Faust really puts on LiveCheck's topics, byte for byte, as golden files for our decoders.

    LIVECHECK_BOOTSTRAP_SERVERS=127.0.0.1:9092 python capture.py [folder]

It runs the service and Faust's own executor through every outcome, adds the odd records that a Faust
program can send (see `odd_records`), and writes one file per topic, one record per line:

    {"key": …, "value": …, "timestamp": <ms>, "timestamp_type": 0, "headers": [[name, value], …]}

Keys, values and headers are UTF-8 on all topics, so each is written as a string that holds exactly its
bytes; null is null. Headers stay in order, with repetitions. The ids say what each execution is for. One
thing is not as it was: the folders in tracebacks, which are those of whoever ran this.
"""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from contextlib import asynccontextmanager
from datetime import date, datetime, timezone
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import aiohttp
import faust
from aiokafka import AIOKafkaConsumer, TopicPartition
from faust.livecheck import Case, LiveCheck, Signal
from faust.livecheck.locals import current_test_stack

from broker import LIVECHECK_TOPICS, PARTITIONS, bootstrap_servers, create_topics, faust_broker

HERE = Path(__file__).parent
PORT = 26066
TIMEOUT = 3
STALLED = 4


class Topics:
    """All records that come to LiveCheck's topics from now on."""

    def __init__(self) -> None:
        self.records: list = []

    async def start(self) -> None:
        self.consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap_servers(), auto_offset_reset="latest")
        await self.consumer.start()
        partitions = [TopicPartition(t, p) for t in LIVECHECK_TOPICS for p in range(PARTITIONS)]
        self.consumer.assign(partitions)
        for partition in partitions:
            await self.consumer.position(partition)

    def on(self, topic: str) -> list:
        return sorted((r for r in self.records if r.topic == topic), key=lambda r: r.timestamp)

    async def wait_for(self, what: str, condition, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > deadline:
                sys.exit(f"waited {seconds} s in vain for {what}")
            for records in (await self.consumer.getmany(timeout_ms=200)).values():
                self.records += records

    async def wait_for_report(self, test_id: str | None, state: str) -> None:
        key = test_id and test_id.encode()

        def is_there() -> bool:
            reports = (json.loads(r.value) for r in self.on("livecheck-report") if r.key == key)
            return state in [report["state"] for report in reports]

        await self.wait_for(f"a report {state} on {test_id}", is_there)


@asynccontextmanager
async def stock_orders(command: str, folder: str, broken: str = ""):
    env = os.environ | {
        "PYTHONDONTWRITEBYTECODE": "1",
        "STOCK_ORDERS_PORT": str(PORT),
        "STOCK_ORDERS_STATE": folder,
        "STOCK_ORDERS_PROBABILITY": "1.0",
        "STOCK_ORDERS_BREAK": broken,
        "STOCK_ORDERS_TIMEOUT": str(TIMEOUT),
        "STOCK_ORDERS_STALLED": str(STALLED),
    }
    with open(f"{folder}/{command}.log", "ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, HERE / "stock_orders.py", command, "-l", "info",
            env=env, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        yield
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.wait()


async def place_order(order_id: str, side: str = "sell") -> None:
    url = f"http://127.0.0.1:{PORT}/order/init/{side}/"
    async with aiohttp.ClientSession() as session:
        for _ in range(300):
            try:
                async with session.get(url, params={"id": order_id}) as response:
                    return response.raise_for_status()
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.1)
    sys.exit("the service did not come up")


async def every_outcome(topics: Topics) -> None:
    with tempfile.TemporaryDirectory() as folder:
        async with stock_orders("livecheck", folder):
            async with stock_orders("worker", folder):
                await place_order("pass-sell", "sell")
                await place_order("pass-buy", "buy")
                await topics.wait_for_report("pass-sell", "111/***/111")
                await topics.wait_for_report("pass-buy", "111/***/111")
            for broken, state in {
                "side": "FAIL", "cache": "FAIL", "execution": "TIMEOUT", "database": "ERROR",
            }.items():  # fmt: skip
                async with stock_orders("worker", folder, broken):
                    await place_order(f"{state.lower()}-{broken}")
                    await topics.wait_for_report(f"{state.lower()}-{broken}", state)
            await topics.wait_for_report(None, "STALL")


class Fill(faust.Record):
    """An argument and a payload that is a model."""

    order: str
    price: float
    fees: list[float]


async def odd_records(topics: Topics) -> None:
    """What is legal, and easily forgotten."""
    app = faust.App("odd", broker=faust_broker(), topic_partitions=PARTITIONS, web_enabled=False)
    livecheck = LiveCheck.for_app(app)

    @livecheck.case(name="odd.case", probability=1.0)
    class case(Case):
        filled: Signal[Fill]
        done: Signal[None]

    producer = await livecheck.maybe_start_producer()
    fill = Fill(order="é-1", price=0.1, fees=[1e-7, 0.0])

    async def within(test, *signals) -> None:
        with current_test_stack.push(test):
            for send in signals:
                await send()

    # Arguments by position and by name, models among them, in models, lists and maps; text beyond ASCII.
    test = await case.trigger(
        "odd-arguments-é-🦀", fill, [fill, None], 7, side="sell", fill=fill, fills={"a": fill}, flag=True
    )
    await within(test, lambda: case.filled.send(fill), lambda: case.done.send())
    # No arguments, and an id that Faust makes.
    await case.trigger()
    # Payloads that are no models, and Python types that JSON does not have.
    test = await case.trigger("odd-payloads")
    plain = (0, False, "", "text", 1.5, 2**70, [], [1, "two", None], {}, {"a": {"b": [fill]}})
    python = (b"bytes", Decimal("1.10"), UUID(int=7), {"one"}, datetime(2026, 1, 2, 3, 4, 5), date(2026, 1, 2))
    for value in plain + python:
        await within(test, lambda: case.done.send(value))
    # A key of the signal's own, within a test: its headers name the test, its key does not. Of a key in
    # bytes the value says `b'…'`, so a record's key is right where the two differ.
    await within(test, lambda: case.done.send(key="odd-own-key"), lambda: case.done.send(key=b"odd-bytes"))
    # The same outside of any test, where only `force` sends it: there are no headers.
    await case.done.send(key="odd-forced", force=True)
    # A whole second: Python writes no fraction then, neither in the value nor in the headers.
    case._now = lambda: datetime(2026, 1, 2, 3, 4, 5, 0, timezone.utc)
    test = await case.trigger("odd-whole-second")
    await within(test, lambda: case.done.send())
    del case._now
    # A host that is not on UTC: the test's times are off by its offset, the record's own timestamp is not.
    os.environ["TZ"] = "America/New_York"
    time.tzset()
    test = await case.trigger("odd-new-york")
    await within(test, lambda: case.done.send())
    os.environ["TZ"] = "UTC"
    time.tzset()
    # A process with a second LiveCheck object writes every header twice.
    second = LiveCheck.for_app(app)
    test = await case.trigger("odd-headers-twice")
    await within(test, lambda: case.done.send())
    # A trigger from within another test: its headers are those of the other one, not its own.
    outer = await case.trigger("odd-outer")
    await within(outer, lambda: case.trigger("odd-triggered-within-outer"))

    await producer.flush()
    await topics.wait_for(
        "the odd records", lambda: any(r.key == b"odd-triggered-within-outer" for r in topics.on("livecheck"))
    )
    for each in (livecheck, second, app):
        await each.stop()
    await producer.stop()


def text(data: bytes | None) -> str | None:
    if data is None:
        return None
    installed = str(Path(faust.__file__).parent.parent)
    return data.decode().replace(installed, "/venv/site-packages").replace(str(HERE), "/stock-orders")


async def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "golden"
    await create_topics("orders", "order-execution", *LIVECHECK_TOPICS)
    topics = Topics()
    await topics.start()
    await every_outcome(topics)
    await odd_records(topics)
    await topics.consumer.stop()

    folder.mkdir(parents=True, exist_ok=True)
    for topic in LIVECHECK_TOPICS:
        with open(folder / f"{topic}.jsonl", "w") as file:
            for record in topics.on(topic):
                line = {
                    "key": text(record.key),
                    "value": text(record.value),
                    "timestamp": record.timestamp,
                    "timestamp_type": record.timestamp_type,
                    "headers": [[name, text(value)] for name, value in record.headers],
                }
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
        print(f"{topic}: {len(topics.on(topic))} records")


if __name__ == "__main__":
    asyncio.run(main())
