"""Stands between a client and a server and writes down what the client asks.

    python3 record.py HOST:PORT FILE

Prints `listening on HOST:PORT`, and writes FILE when it is told to end. The file is one that
`tests/it/clients.rs` replays: for each simple query the connection, its start-up parameters the first
time, and the text; the answers are filled in by the test.
"""

import asyncio
import signal
import struct
import sys

VERSION = 196608


class Recording:
    """What was asked, in order."""

    def __init__(self):
        self.connections = 0
        self.blocks = []

    def begin(self, parameters):
        self.connections += 1
        return {"number": self.connections, "parameters": parameters}

    def ask(self, connection, text):
        head = [f"== {connection['number']}"]
        head += [f"> {name}={value}" for name, value in connection["parameters"]]
        connection["parameters"] = []
        self.blocks.append("\n".join([*head, text, "----", "", ""]))


async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()


async def first(reader, writer, answers):
    """Reads up to the start-up message; what asks for encryption is refused here."""
    while True:
        head = await reader.readexactly(8)
        length, code = struct.unpack("!II", head)
        body = await reader.readexactly(length - 8)
        if code >> 16 == 1234 and code != 80877102:
            answers.write(b"N")
            continue
        writer.write(head + body)
        words = body.decode().split("\0") if code == VERSION else []
        return [(n, v) for n, v in zip(words[::2], words[1::2]) if n]


async def attend(recording, target, reader, writer):
    host, port = target
    server_reader, server_writer = await asyncio.open_connection(host, port)
    back = asyncio.create_task(pump(server_reader, writer))
    try:
        connection = recording.begin(await first(reader, server_writer, writer))
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
            if head[:1] == b"Q":
                recording.ask(connection, body.rstrip(b"\0").decode())
            elif head[:1] not in b"XdcfSH":
                print(f"not recorded: message {head[:1]}", file=sys.stderr)
            server_writer.write(head + body)
    except asyncio.IncompleteReadError:
        pass
    server_writer.close()
    await back


async def main():
    host, _, port = sys.argv[1].rpartition(":")
    recording = Recording()
    server = await asyncio.start_server(
        lambda reader, writer: attend(recording, (host, int(port)), reader, writer), "127.0.0.1", 0
    )
    print("listening on {}:{}".format(*server.sockets[0].getsockname()), flush=True)
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await stop.wait()
    with open(sys.argv[2], "w", encoding="utf-8") as file:
        file.write("".join(recording.blocks))


asyncio.run(main())
