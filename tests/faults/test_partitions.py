"""Nodes on a network of our own can be cut off from each other, one way or both."""

import subprocess
import sys
from collections.abc import Iterator

import pytest
from chaos.network import Endpoint, Network, NoNetwork
from required import missing

LISTEN = """
import socket, sys
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.bind((sys.argv[1], 7000))
heard.settimeout(float(sys.argv[2]))
print("ready", flush=True)
try:
    print(heard.recvfrom(100)[1][0])
except TimeoutError:
    print("nothing")
"""
SPEAK = """
import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", (sys.argv[1], 7000))
"""
SILENCE_S = "1"


@pytest.fixture
def network() -> Iterator[Network]:
    made = Network()
    try:
        made.__enter__()
    except NoNetwork as reason:
        missing("namespaces", str(reason))
    yield made
    made.__exit__(None, None, None)


def hears(listener: Endpoint, speaker: Endpoint) -> bool:
    command = [*listener.inside, sys.executable, "-c", LISTEN, listener.address, SILENCE_S]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listening:
        assert listening.stdout is not None
        assert listening.stdout.readline() == "ready\n"
        said = [*speaker.inside, sys.executable, "-c", SPEAK, listener.address]
        subprocess.run(said, check=True)
        return listening.stdout.read() == f"{speaker.address}\n"


def test_a_node_cut_off_one_way_is_heard_but_hears_nothing(network):
    store, warehouse, office = (network.endpoint(name) for name in ("store", "depot", "office"))
    assert hears(store, warehouse)
    network.deafen(store, warehouse)
    assert not hears(store, warehouse)
    assert hears(warehouse, store)
    assert hears(store, office)
    network.hear(store, warehouse)
    assert hears(store, warehouse)
