from __future__ import annotations

import asyncio

import pytest

from fer_edge.runtime.sinks.preview.channel import Channel, ChannelFullError


def test_slow_subscriber_gets_the_newest_message_and_the_end() -> None:
    async def follow() -> list[bytes | None]:
        with channel.subscribe() as queue:
            for message in (b"1", b"2", b"3"):
                channel.publish(message)
            channel.close()
            return [queue.get_nowait(), queue.get_nowait()]

    missed: list[None] = []
    channel = Channel(1, lambda: missed.append(None))
    assert asyncio.run(follow()) == [b"3", None]
    assert len(missed) == 2


def test_full_or_closed_channel_takes_no_subscriber() -> None:
    channel = Channel(1)
    with channel.subscribe(), pytest.raises(ChannelFullError), channel.subscribe():
        pass
    assert channel.subscribers == 0
    channel.close()
    with pytest.raises(ChannelFullError), channel.subscribe():
        pass
