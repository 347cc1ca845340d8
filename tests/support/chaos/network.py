"""A network of this machine's own: each node has a namespace and an address, and can be cut off.

The switch has a namespace of its own too, so that no firewall of the host stands between the
nodes; the host has one address on it. A partition is a rule of the node that no longer hears.
"""

import fcntl
import os
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from msgspec import Struct

PROGRAMS: Final = ("ip", "nft", "nsenter")
NAMESPACES: Final = Path("/run/netns")
LOCKS: Final = Path("/run")  # where every run on this machine looks, whatever its TMPDIR
SUBNETS: Final = 250
COMMAND_LIMIT_S: Final = 20
RULES: Final = """
table inet onebook {
  set unheard { type ipv4_addr; }
  chain heard { type filter hook input priority 0; policy accept; ip saddr @unheard drop; }
}
"""


class NoNetwork(Exception):
    """This machine does not permit networks of our own; the text says why."""


class NetworkFault(Exception):
    """A command of the system failed where the ones before it worked."""


class Endpoint(Struct, frozen=True):
    """A node's namespace and its address there."""

    namespace: str
    address: str

    @property
    def inside(self) -> tuple[str, ...]:
        """What stands before a command so that it runs in the namespace, as its own process."""
        return ("nsenter", f"--net={NAMESPACES / self.namespace}")


def run(*command: str, text: str | None = None) -> str:
    """Run a command of the system. Raises NetworkFault with what it said."""
    try:
        done = subprocess.run(
            command,
            input=text,
            check=False,
            capture_output=True,
            text=True,
            timeout=COMMAND_LIMIT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NetworkFault(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        raise NetworkFault(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class Network:
    """A switch, the host's address on it, and endpoints; all gone at the end."""

    def __init__(self) -> None:
        self._lock: int | None = None
        self._subnet = 0
        self._namespaces: list[str] = []

    @property
    def host(self) -> str:
        """The address of this process."""
        return self._address(1)

    @property
    def _host_end(self) -> str:
        return f"ob{self._subnet}host"

    def _address(self, number: int) -> str:
        return f"198.18.{self._subnet}.{number}"  # of the range kept for tests of networks

    def __enter__(self) -> Self:
        if os.geteuid() != 0:
            raise NoNetwork("only root may make network namespaces")
        for program in PROGRAMS:
            if shutil.which(program) is None:
                raise NoNetwork(f"there is no {program} on PATH")
        self._take_subnet()
        try:
            switch = self._permitted_namespace()
            self._make_switch(switch)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _take_subnet(self) -> None:
        """One that no other run on this machine uses; the lock goes with this process."""
        for subnet in range(1, SUBNETS):
            path = LOCKS / f"onebook-network-{subnet}.lock"
            lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(lock)
                continue
            self._subnet, self._lock = subnet, lock
            self._remove_leftovers()
            return
        raise NoNetwork(f"all {SUBNETS} networks are in use")

    def _remove_leftovers(self) -> None:
        """Of a run that was killed: its namespaces, and with them the links into them."""
        for left in NAMESPACES.glob(f"ob{self._subnet}-*"):
            run("ip", "netns", "delete", left.name)
        self._remove_host_end()

    def _remove_host_end(self) -> None:
        """By itself it goes with the switch's namespace, though some time later."""
        with suppress(NetworkFault):
            run("ip", "link", "delete", "dev", self._host_end)

    def _permitted_namespace(self) -> str:
        """The first one, with rules in it: what works here works for all that follow."""
        try:
            switch = self._make_namespace("switch")
            run("nsenter", f"--net={NAMESPACES / switch}", "nft", "-f", "-", text=RULES)
        except NetworkFault as refused:
            raise NoNetwork(str(refused)) from refused
        return switch

    def _make_switch(self, switch: str) -> None:
        run("ip", "-n", switch, "link", "add", "switch", "type", "bridge", "stp_state", "0")
        run("ip", "-n", switch, "link", "set", "switch", "up")
        self._connect("host", self._host_end)
        run("ip", "address", "add", f"{self.host}/24", "dev", self._host_end)
        run("ip", "link", "set", "dev", self._host_end, "up")

    def _make_namespace(self, name: str) -> str:
        namespace = f"ob{self._subnet}-{name}"
        run("ip", "netns", "add", namespace)
        self._namespaces.append(namespace)
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        return namespace

    def _connect(self, port: str, name: str, namespace: str | None = None) -> None:
        """A cable from a port of the switch to a namespace, or to the host."""
        switch = f"ob{self._subnet}-switch"
        peer = ("peer", "name", name, "netns", namespace or str(os.getpid()))
        run("ip", "-n", switch, "link", "add", "name", port, "type", "veth", *peer)
        run("ip", "-n", switch, "link", "set", "dev", port, "master", "switch", "up")

    def endpoint(self, name: str) -> Endpoint:
        """Connect a new node; `name` is at most 12 characters."""
        number = 9 + len(self._namespaces)
        namespace = self._make_namespace(name)
        found = Endpoint(namespace, self._address(number))
        self._connect(name, "eth0", namespace)
        run("ip", "-n", namespace, "address", "add", f"{found.address}/24", "dev", "eth0")
        run("ip", "-n", namespace, "link", "set", "eth0", "up")
        run(*found.inside, "nft", "-f", "-", text=RULES)
        return found

    def deafen(self, node: Endpoint, to: Endpoint) -> None:
        """From now on `node` receives nothing from `to`; the other way is left as it is."""
        self._unheard("add", node, to)

    def hear(self, node: Endpoint, to: Endpoint) -> None:
        """`node` receives again what `to` sends."""
        self._unheard("delete", node, to)

    @staticmethod
    def _unheard(verb: str, node: Endpoint, to: Endpoint) -> None:
        element = f"{verb} element inet onebook unheard {{ {to.address} }}\n"
        run(*node.inside, "nft", "-f", "-", text=element)

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._remove_host_end()
        while self._namespaces:
            run("ip", "netns", "delete", self._namespaces.pop())
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None
