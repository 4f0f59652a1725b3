"""A stock ordering service in Python, whose requests LiveCheck follows.

It is Faust's own `examples/livecheck.py`, made to run anywhere: SQLite stands in for Redis, the topics are
made before they are used, and ports and probability are settings. The case below has the same name as one
written in Rust, `examples.livecheck.test_order`, so either side can execute it:

    python stock_orders.py worker       # the service: triggers the case and sends its signals, no more
    python stock_orders.py livecheck    # Faust executes the case; not needed when a Rust runner does

    curl http://127.0.0.1:6066/order/init/sell/

Settings, all optional:
    LIVECHECK_BOOTSTRAP_SERVERS  host:port of the brokers, comma-separated (default 127.0.0.1:9092)
    STOCK_ORDERS_PORT            port of the service's HTTP pages (default 6066)
    STOCK_ORDERS_PROBABILITY     how many of the orders are followed, 0.0 to 1.0 (default 0.5)
    STOCK_ORDERS_STATE           folder of the cache (default: one under the system's temporary folder)
    STOCK_ORDERS_BREAK           breaks a step, to see what the case says of it:
                                 side (FAIL), cache (FAIL), execution (TIMEOUT), database (ERROR in Faust)
    STOCK_ORDERS_TIMEOUT         seconds that Faust's case waits for a signal (default 30)
    STOCK_ORDERS_STALLED         seconds without a test until Faust's case is stalled (default 1800)
"""

import asyncio
import os
import sqlite3
import sys
import tempfile
from collections import Counter
from pathlib import Path

import faust
from faust import web
from faust.livecheck import Case, Signal
from faust.types import FutureMessage, StreamT
from faust.utils import uuid

from broker import LIVECHECK_TOPICS, PARTITIONS, create_topics, faust_broker

PORT = int(os.environ.get("STOCK_ORDERS_PORT", "6066"))
BASE_URL = f"http://127.0.0.1:{PORT}"
PROBABILITY = float(os.environ.get("STOCK_ORDERS_PROBABILITY", "0.5"))
STATE = Path(os.environ.get("STOCK_ORDERS_STATE") or Path(tempfile.gettempdir()) / "stock-orders")
BROKEN = os.environ.get("STOCK_ORDERS_BREAK", "")
TIMEOUT = float(os.environ.get("STOCK_ORDERS_TIMEOUT", "30"))
STALLED = float(os.environ.get("STOCK_ORDERS_STALLED", "1800"))

if BROKEN not in ("", "side", "cache", "execution", "database"):
    sys.exit(f"STOCK_ORDERS_BREAK: unknown step {BROKEN!r}")


class Order(faust.Record):
    SIDE_SELL = "sell"
    SIDE_BUY = "buy"
    VALID_SIDES = {SIDE_SELL, SIDE_BUY}

    id: str
    user_id: str
    side: str
    quantity: float
    price: float

    # fake orders are not executed.
    fake: bool = False


class OrderCache:
    """The orders of each user: a file, so that the service and a case in another process share it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.database = sqlite3.connect(folder / "cache.sqlite3", isolation_level=None, timeout=10)
        self.database.execute("PRAGMA journal_mode = WAL")
        self.database.execute("PRAGMA synchronous = OFF")
        self.database.execute("CREATE TABLE IF NOT EXISTS orders (user_id, id, PRIMARY KEY (user_id, id))")

    def add(self, user_id: str, order_id: str) -> None:
        self.database.execute("INSERT OR IGNORE INTO orders VALUES (?, ?)", (user_id, order_id))

    def has(self, user_id: str, order_id: str) -> bool:
        query = "SELECT 1 FROM orders WHERE user_id = ? AND id = ?"
        return self.database.execute(query, (user_id, order_id)).fetchone() is not None


app = faust.App(
    "orders",
    broker=faust_broker(),
    topic_partitions=PARTITIONS,
    datadir=STATE / "faust",
    web_bind="127.0.0.1",
    web_port=PORT,
)
# Faust looks for the LiveCheck app's web port at 9999 unless told: any free one will do, nobody visits it.
livecheck = app.LiveCheck(web_port=int(os.environ.get("STOCK_ORDERS_LIVECHECK_PORT", PORT + 1)))

orders_topic = app.topic("orders", value_type=Order)
execution_topic = app.topic("order-execution", value_type=Order)

cache = OrderCache(STATE)
done: Counter[str] = Counter()

orders = web.Blueprint("orders")


@orders.route("/init/{side}/", name="init")
class OrderView(web.View):
    """A client asks for an order here; this page then asks /order/create/ to make it."""

    async def get(self, request: web.Request, side: str) -> web.Response:
        # `?id=` is for who needs to know the order beforehand; a client of the real system has no say.
        order_id = request.query.get("id") or uuid()
        user_id = uuid()
        side = side.lower()
        assert side in Order.VALID_SIDES

        # The case is executed for some of the orders. The headers LiveCheck-Test-* travel with those from
        # here, over HTTP and Kafka, through every part of the system that passes them on.
        #
        # The side is a contract: no part may turn a buy into a sell.
        async with test_order.maybe_trigger(order_id, side=side) as test:
            data = {
                "order_id": order_id,
                "user_id": user_id,
                "side": side,
                "did_execute_test": bool(test),
                "fake": bool(int(request.query.get("fake", 0))),
            }
            next_url = self.url_for("orders:create", BASE_URL)
            async with self.app.http_client.post(next_url, json=data) as response:
                response.raise_for_status()
            return self.json(data)


@orders.route("/create/", name="create")
class CreateOrderView(web.View):
    async def post(self, request: web.Request) -> web.Response:
        payload = await request.json()
        order_id = payload["order_id"]

        if payload["did_execute_test"]:
            # LiveCheck read the headers of this request, and set the context.
            assert livecheck.current_test is not None
            assert livecheck.current_test.id == order_id

        side = payload["side"]
        if BROKEN == "side":
            side = Order.SIDE_BUY if side == Order.SIDE_SELL else Order.SIDE_SELL
        order = Order(order_id, payload["user_id"], side, 1.0, 3.33, fake=payload["fake"])
        await orders_topic.send(key=order_id, value=order)
        return self.json({"status": "success"})


@orders.route("/cached/{user_id}/{order_id}/", name="cached")
class CachedOrderView(web.View):
    """For a case that cannot open the cache's file."""

    async def get(self, request: web.Request, user_id: str, order_id: str) -> web.Response:
        return self.json({"cached": cache.has(user_id, order_id)})


@orders.route("/status/", name="status")
class StatusView(web.View):
    """Whether the service consumes yet, and how many orders have passed each step."""

    async def get(self, request: web.Request) -> web.Response:
        assigned = {tp.topic for tp in self.app.consumer.assignment()} if not self.app.rebalancing else set()
        ready = {"orders", "order-execution"} <= assigned
        return self.json({"ready": ready, "created": done["created"], "executed": done["executed"]})


app.web.blueprints.add("/order/", orders)


@app.agent(orders_topic)
async def create_order(orders: StreamT[Order]) -> None:
    async for order in orders:
        test = livecheck.current_test
        if test is not None:
            assert test.id == order.id
        # 1. the order is in the database
        await test_order.order_sent_to_db.send(order if BROKEN != "database" else None)

        def on_order_sent(fut: FutureMessage) -> None:
            # 2. the broker has it
            asyncio.ensure_future(test_order.order_sent_to_kafka.send())

        await execution_topic.send(key=order.id, value=order, callback=on_order_sent)
        # 3. it is in the cache
        if BROKEN != "cache":
            cache.add(order.user_id, order.id)
        await test_order.order_cache_in_redis.send()
        done["created"] += 1


@app.agent(execution_topic)
async def execute_order(orders: StreamT[Order]) -> None:
    async for order in orders:
        execution_id = uuid()
        if not order.fake:
            pass  # a stock exchange would be told here
        # 4. it is executed
        if BROKEN != "execution":
            await test_order.order_executed.send(execution_id)
        done["executed"] += 1


# The name is given, so that it is the same however this file is started. It is what Faust makes of a class
# `test_order` in `examples/livecheck.py`.
@livecheck.case(
    name="examples.livecheck.test_order",
    probability=PROBABILITY,
    warn_stalled_after=STALLED,
)
class test_order(Case):
    order_sent_to_db: Signal[Order]
    order_sent_to_kafka: Signal[None]
    order_cache_in_redis: Signal[None]
    order_executed: Signal[str]

    async def run(self, side: str) -> None:
        # 1) wait for the order to be in the database.
        order = await self.order_sent_to_db.wait(timeout=TIMEOUT)
        # contract: its id is the test's, its side the one that was asked for.
        assert order.id == self.current_execution.test.id
        assert order.side == side

        # 2) wait for the broker to have it.
        await self.order_sent_to_kafka.wait(timeout=TIMEOUT)

        # 3) wait for the cache, and look whether it really is there.
        await self.order_cache_in_redis.wait(timeout=TIMEOUT)
        assert cache.has(order.user_id, order.id)

        # 4) wait for it to be executed.
        await self.order_executed.wait(timeout=TIMEOUT)


if __name__ == "__main__":
    if {"worker", "livecheck"} & set(sys.argv[1:]):
        asyncio.run(create_topics("orders", "order-execution", *LIVECHECK_TOPICS))
    app.main()
