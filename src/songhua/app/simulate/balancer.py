"""A small TCP balancer for trials: connections go round to the gateways that answer."""

import asyncio
import threading
from contextlib import suppress


class Balancer:
    """Hands on in a thread of its own; `header` is what it says first of each connection."""

    def __init__(self, ports: list[int], header: bytes = b"") -> None:
        self.ports, self._header, self._turn = ports, header, 0
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._tasks: set[asyncio.Task[None]] = set()
        started = asyncio.run_coroutine_threadsafe(
            asyncio.start_server(self._met, "127.0.0.1", 0), self._loop
        )
        self._server = started.result(5)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        """Break all connections and take no more."""
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result(5)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    async def _end(self) -> None:
        self._server.close()
        await asyncio.sleep(0)  # whom it met a moment ago has a task now
        while tasks := list(self._tasks):
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await asyncio.sleep(0)

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            for _ in self.ports:
                self._turn += 1
                port = self.ports[self._turn % len(self.ports)]
                with suppress(OSError):
                    there, back = await asyncio.open_connection("127.0.0.1", port)
                    break
            else:
                return
            await _both_ways((reader, writer), (there, back), self._header)
        finally:
            writer.transport.abort()


async def _both_ways(
    here: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    header: bytes,
) -> None:
    """Hand on until one of the two has enough."""
    there[1].write(header)
    ways = [
        asyncio.create_task(_hand_on(here[0], there[1])),
        asyncio.create_task(_hand_on(there[0], here[1])),
    ]
    try:
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for way in ways:
            way.cancel()
        there[1].transport.abort()
        await asyncio.gather(*ways, return_exceptions=True)


async def _hand_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
