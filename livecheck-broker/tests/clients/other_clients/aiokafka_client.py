"""What aiokafka sees of a broker: one line for each thing tried, as `expected.txt` has them.

    python aiokafka_client.py 127.0.0.1:9092
"""

import asyncio
import sys
import uuid
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRebalanceListener, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.coordinator.assignors.roundrobin import RoundRobinPartitionAssignor
from aiokafka.errors import ProducerFenced, for_code
from aiokafka.structs import OffsetAndMetadata

SERVERS = sys.argv[1]
PATIENCE = 30
#: For records of another year: they would go at once.
FOR_EVER = {"retention.ms": "-1"}


def unique(name: str) -> str:
    return f"{name}-{uuid.uuid4().hex}"


@asynccontextmanager
async def started(client):
    await client.start()
    try:
        yield client
    finally:
        await (client.close() if isinstance(client, AIOKafkaAdminClient) else client.stop())


def admin():
    return started(AIOKafkaAdminClient(bootstrap_servers=SERVERS))


def producer(**settings):
    return started(AIOKafkaProducer(bootstrap_servers=SERVERS, **settings))


def consumer(*topics, **settings):
    settings = {"auto_offset_reset": "earliest", "enable_auto_commit": False} | settings
    return started(AIOKafkaConsumer(*topics, bootstrap_servers=SERVERS, **settings))


async def new_topic(name: str, partitions: int = 1, settings: dict | None = None) -> str:
    topic = unique(name)
    async with admin() as client:
        response = await client.create_topics([NewTopic(topic, partitions, 1, topic_configs=settings or {})])
        assert response.topic_errors[0][1] == 0, response
    return topic


async def read(topic: str, count: int, **settings) -> list:
    """So many records of a topic's first partition, from its beginning."""
    async with consumer(**settings) as client:
        client.assign([TopicPartition(topic, 0)])
        await client.seek_to_beginning()
        return [await asyncio.wait_for(client.getone(), PATIENCE) for _ in range(count)]


async def eventually(ask):
    """What is told all over a cluster some time after it was done; there is no event to wait for."""
    async with asyncio.timeout(PATIENCE):
        while not (answer := await ask()):
            await asyncio.sleep(0.02)
        return answer


async def record() -> None:
    topic = await new_topic("record", settings=FOR_EVER)
    headers = [("id", b"42"), ("id", b"43"), ("none", None)]
    async with producer() as client:
        await client.send_and_wait(topic, b"payload", b"key", timestamp_ms=1_700_000_000_123, headers=headers)
    [it] = await read(topic, 1)
    headers = " ".join(f"{name}={'null' if value is None else value.decode()}" for name, value in it.headers)
    print(f'record: key "{it.key.decode()}", value "{it.value.decode()}", time {it.timestamp}, headers {headers}')


async def in_order(topic: str, count: int, **settings) -> str:
    values = [f"{number} {'compressible ' * 20}".encode() for number in range(count)]
    async with producer(linger_ms=20, **settings) as client:
        for sent in [await client.send(topic, value) for value in values]:
            await sent
    found = [record.value for record in await read(topic, count)]
    return f"{len(found)} of {count}{', in order' if found == values else ''}"


async def compressions() -> None:
    for codec in ("none", "gzip", "snappy", "lz4", "zstd"):
        topic = await new_topic("compressed")
        seen = await in_order(topic, 100, compression_type=None if codec == "none" else codec)
        print(f"compressed by {codec}: {seen}")


async def topics() -> None:
    topic = await new_topic("topic", 2, {"cleanup.policy": "compact"})
    async with admin() as client:

        async def partitions(count: int):
            [described] = await client.describe_topics([topic])
            return len(described["partitions"]) == count and count

        async def policy():
            [response] = await client.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
            [(_, _, _, _, entries)] = response.resources
            return {entry[0]: entry[1] for entry in entries}.get("cleanup.policy")

        again = await client.create_topics([NewTopic(topic, 2, 1)])
        again = for_code(again.topic_errors[0][1]).message
        count = await eventually(lambda: partitions(2))
        print(f"topic: created with {count} partitions and cleanup.policy {await eventually(policy)}; again: {again}")
        await client.create_partitions({topic: NewPartitions(5)})
        count = await eventually(lambda: partitions(5))
        await client.delete_topics([topic])

        async def is_gone():
            return topic not in await client.list_topics()

        print(f"topic: grown to {count} partitions; deleted: {str(await eventually(is_gone)).lower()}")


async def times() -> None:
    topic = await new_topic("times", settings=FOR_EVER)
    start = 1_700_000_000_000
    async with producer(linger_ms=50) as client:
        for sent in [await client.send(topic, b"x", timestamp_ms=start + 10 * n) for n in range(10)]:
            await sent
    at = TopicPartition(topic, 0)
    async with consumer() as client:

        async def since(time: int):
            found = (await client.offsets_for_times({at: time}))[at]
            return "none" if found is None else found.offset

        first, end = (await client.beginning_offsets([at]))[at], (await client.end_offsets([at]))[at]
        print(
            f"times: before all {await since(start - 1)}, at the first {await since(start)}, "
            f"between {await since(start + 21)}, at the last {await since(start + 90)}, "
            f"after all {await since(start + 91)}; first {first}, end {end}"
        )


async def idempotence() -> None:
    print(f"idempotent: {await in_order(await new_topic('idempotent'), 1000, enable_idempotence=True)}")


async def transactions() -> None:
    topic = await new_topic("transactions")
    async with producer(transactional_id=unique("id")) as client:
        for value in (b"a", b"b", b"c"):
            await client.begin_transaction()
            await client.send_and_wait(topic, value)
            await (client.abort_transaction() if value == b"b" else client.commit_transaction())

    async def seen(count: int, level: str) -> str:
        return " ".join(it.value.decode() for it in await read(topic, count, isolation_level=level))

    print(f"committed: {await seen(2, 'read_committed')}; uncommitted: {await seen(3, 'read_uncommitted')}")

    group, at = unique("group"), TopicPartition(topic, 0)
    committed = []
    async with producer(transactional_id=unique("id")) as client, consumer(group_id=group) as asking:
        for commit in (False, True):
            await client.begin_transaction()
            await client.send_offsets_to_transaction({at: 1}, group)
            await (client.commit_transaction() if commit else client.abort_transaction())
            # A transaction ends everywhere it reached some time after its end is acknowledged.
            offset = await (eventually(lambda: asking.committed(at)) if commit else asking.committed(at))
            committed.append("none" if offset is None else offset)
    print(f"transaction's offsets: aborted {committed[0]}, committed {committed[1]}")

    one_id = unique("id")
    async with producer(transactional_id=one_id) as first:
        await first.begin_transaction()
        await first.send_and_wait(topic, b"never")
        async with producer(transactional_id=one_id):
            try:
                await first.send_and_wait(topic, b"never either")
                await first.commit_transaction()
                fenced = "is not fenced"
            except ProducerFenced:
                fenced = "is fenced"
    print(f"second of one transactional id: the first {fenced}")


class Share(ConsumerRebalanceListener):
    """How many partitions a member has, and a way to wait for it."""

    def __init__(self) -> None:
        self.count = 0
        self.changed = asyncio.Condition()

    async def on_partitions_revoked(self, revoked) -> None:
        pass

    async def on_partitions_assigned(self, assigned) -> None:
        async with self.changed:
            self.count = len(assigned)
            self.changed.notify_all()

    async def reaches(self, count: int) -> int:
        async with asyncio.timeout(PATIENCE), self.changed:
            await self.changed.wait_for(lambda: self.count == count)
        return self.count


async def groups() -> None:
    for name, assignor in (("range", RangePartitionAssignor), ("roundrobin", RoundRobinPartitionAssignor)):
        topic, group = await new_topic("shared", 6), unique("group")
        found: set[bytes] = set()
        complete = asyncio.Event()

        @asynccontextmanager
        async def member():
            share = Share()
            settings = {
                "group_id": group,
                "partition_assignment_strategy": (assignor,),
                "enable_auto_commit": True,
                "auto_commit_interval_ms": 50,
                "heartbeat_interval_ms": 200,
            }
            async with consumer(**settings) as client:
                client.subscribe([topic], listener=share)

                async def reading() -> None:
                    async for it in client:
                        found.add(it.value)
                        if len(found) == 300:
                            complete.set()

                task = asyncio.create_task(reading())
                yield share
                task.cancel()

        async def send(numbers) -> None:
            async with producer() as client:
                for n in numbers:
                    await client.send(topic, str(n).encode(), partition=n % 6)

        async with member() as first:
            alone = await first.reaches(6)
            await send(range(100))
            async with member() as second:
                shares = await first.reaches(3), await second.reaches(3)
                await send(range(100, 200))
            again = await first.reaches(6)
            await send(range(200, 300))
            await asyncio.wait_for(complete.wait(), PATIENCE)
        print(
            f"group by {name}: alone {alone}, with another {shares[0]} and {shares[1]}, alone again {again}; "
            f"read {len(found)} of 300"
        )

    topic, group = await new_topic("handed-over"), unique("group")
    at = TopicPartition(topic, 0)
    async with producer() as client:
        for n in range(4):
            await client.send_and_wait(topic, str(n).encode())
    async with consumer(topic, group_id=group) as client:
        await asyncio.wait_for(client.getone(), PATIENCE)
        await client.commit({at: OffsetAndMetadata(2, "notes")})
    async with admin() as client:
        committed = (await client.list_consumer_group_offsets(group))[at]
    async with consumer(topic, group_id=group) as client:
        it = await asyncio.wait_for(client.getone(), PATIENCE)
    print(f'group handed over at {committed.offset}, with "{committed.metadata}": reads on at {it.offset}')


async def main() -> None:
    for check in (record, compressions, topics, times, idempotence, transactions, groups):
        await check()


asyncio.run(main())
