"""Ports that stay ours between a server's end and its next start."""

import random
import socket
from pathlib import Path
from typing import Final

FIRST: Final = 20_000
ONLY_FOR_CLIENTS: Final = Path("/proc/sys/net/ipv4/ip_local_port_range")
USUAL_FOR_CLIENTS: Final = 32_768
TRIES: Final = 200


def free_port(host: str = "127.0.0.1") -> int:
    """Return a port that nothing listens at now, outside the range that clients are given.

    A port of that range could be lost while its server is down: to any outgoing connection, even
    to a client of that server which asks again and again and is then connected to itself.
    Raises OSError after TRIES ports.
    """
    chosen = random.SystemRandom()
    for _ in range(TRIES):
        port = chosen.randrange(FIRST, max(FIRST + 1000, _first_of_clients()))
        if _is_free(host, port):
            return port
    raise OSError(f"none of {TRIES} ports tried at {host} is free")


def _first_of_clients() -> int:
    try:
        return int(ONLY_FOR_CLIENTS.read_text().split()[0])
    except OSError:
        return USUAL_FOR_CLIENTS


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
