"""The Kafka that all of these programs talk to, and the topics that must be there before they start."""

import os

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

#: What Faust gives a topic when nobody says otherwise; LiveCheck's topics must all have the same number.
PARTITIONS = 8

LIVECHECK_TOPICS = ("livecheck", "livecheck-bus", "livecheck-report")


def bootstrap_servers() -> list[str]:
    """`host:port` of each broker in LIVECHECK_BOOTSTRAP_SERVERS."""
    servers = os.environ.get("LIVECHECK_BOOTSTRAP_SERVERS", "127.0.0.1:9092")
    return [server.strip() for server in servers.split(",")]


def faust_broker() -> list[str]:
    """The same, in the form that Faust's `broker` setting takes."""
    return [f"kafka://{server}" for server in bootstrap_servers()]


async def create_topics(*names: str) -> None:
    """Creates those of the topics that are not there.

    Faust creates its topics too, but goes on to join its group with the metadata from before: on an empty
    cluster a worker then consumes nothing until that metadata is refreshed, minutes later.
    """
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap_servers())
    await admin.start()
    try:
        response = await admin.create_topics([NewTopic(name, PARTITIONS, 1) for name in sorted(set(names))])
        for topic, code, message in response.topic_errors:
            error = for_code(code)
            # Somebody else made it, maybe this very moment: as good as made here.
            if code and error is not TopicAlreadyExistsError:
                raise error(f"{topic}: {message}")
    finally:
        await admin.close()
