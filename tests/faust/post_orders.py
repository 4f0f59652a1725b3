"""Places orders with `stock_orders.py worker`, waits until it has executed them all, and says which were followed.

    python post_orders.py 1000 --side sell --url http://127.0.0.1:6066

Prints one JSON object: how many orders were placed, and the ids of those whose case was triggered.
"""

import argparse
import asyncio
import json
import os
import sys
import time

import aiohttp


async def get(session: aiohttp.ClientSession, url: str) -> dict:
    async with session.get(url) as response:
        response.raise_for_status()
        return await response.json()


async def wait_for(session: aiohttp.ClientSession, url: str, deadline: float, condition) -> dict:
    """Asks the service's status page until it says what is wanted."""
    while True:
        try:
            status = await get(session, f"{url}/order/status/")
        except aiohttp.ClientConnectionError:
            status = {"ready": False, "error": "not reachable"}
        if condition(status):
            return status
        if time.monotonic() >= deadline:
            sys.exit(f"{url} is not where it should be in time: {status}")
        await asyncio.sleep(0.1)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("count", type=int)
    parser.add_argument("--side", default="sell", help="buy or sell")
    parser.add_argument("--url", default=f"http://127.0.0.1:{os.environ.get('STOCK_ORDERS_PORT', '6066')}")
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--timeout", type=float, default=120.0, help="seconds, for all of it")
    args = parser.parse_args()
    deadline = time.monotonic() + args.timeout

    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as session:
        before = await wait_for(session, args.url, deadline, lambda status: status["ready"])
        started = time.monotonic()
        slots = asyncio.Semaphore(args.concurrency)

        async def place_one() -> dict:
            async with slots:
                return await get(session, f"{args.url}/order/init/{args.side}/")

        placed = await asyncio.gather(*(place_one() for _ in range(args.count)))
        executed = before["executed"] + args.count
        await wait_for(session, args.url, deadline, lambda status: status.get("executed", 0) >= executed)

    print(
        json.dumps(
            {
                "placed": len(placed),
                "seconds": round(time.monotonic() - started, 3),
                "followed": [order["order_id"] for order in placed if order["did_execute_test"]],
            }
        )
    )


if __name__ == "__main__":
    asyncio.run(main())
