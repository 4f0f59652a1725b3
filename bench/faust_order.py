"""Faust's LiveCheck, executing the case that the bench triggers: three signals, one after the other.

    python faust_order.py worker --without-web -l warn

BENCH_SERVERS has the brokers, BENCH_TOPICS the test topic, the bus and the report topic, BENCH_PARTITIONS how many
partitions each of them has, and BENCH_FOLDER a folder for what Faust keeps.
"""

import os

from faust.livecheck import Case, LiveCheck, Signal

tests, bus, reports = os.environ["BENCH_TOPICS"].split()

app = LiveCheck(
    # Its consumer group: the name of the report topic is one that no other run has.
    reports,
    broker="kafka://" + os.environ["BENCH_SERVERS"],
    test_topic_name=tests,
    bus_topic_name=bus,
    report_topic_name=reports,
    datadir=os.environ["BENCH_FOLDER"],
    topic_partitions=int(os.environ["BENCH_PARTITIONS"]),
    consumer_auto_offset_reset="earliest",
)


@app.case(name="livecheck_bench::cases::order", probability=1.0)
class Order(Case):
    stored: Signal[None]
    cached: Signal[None]
    executed: Signal[None]

    async def run(self) -> None:
        await self.stored.wait(timeout=20)
        await self.cached.wait(timeout=20)
        await self.executed.wait(timeout=20)


if __name__ == "__main__":
    app.main()
