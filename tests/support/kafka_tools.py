"""Kafka's own command line tools, under the names that its distribution gives them."""

import os
import subprocess
import sys
from pathlib import Path

from cluster.jars import find_java, kafka_jars

TOOLS = {
    "kafka-acls.sh": "org.apache.kafka.tools.AclCommand",
    "kafka-configs.sh": "kafka.admin.ConfigCommand",
    "kafka-features.sh": "org.apache.kafka.tools.FeatureCommand",
    "kafka-reassign-partitions.sh": "org.apache.kafka.tools.reassign.ReassignPartitionsCommand",
    "kafka-topics.sh": "org.apache.kafka.tools.TopicCommand",
}
ENDS_WITHIN_S = 60.0


class Shell:
    """Runs command lines as they are printed, in a folder, with Kafka's tools and ours on PATH."""

    def __init__(self, folder: Path, bootstrap: str) -> None:
        self._folder = folder
        self._environment = os.environ | {
            "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(sys.path),
            "ONEBOOK_KAFKA_BOOTSTRAP": bootstrap,
        }
        java = f"{find_java()} -XX:TieredStopAtLevel=1 -cp '{kafka_jars()}/*'"
        for name, main in TOOLS.items():
            self._script(name, f"exec {java} {main}")
        self._script("onebook", f"exec {sys.executable} -m api.cli")

    def run(self, command: str) -> str:
        """Run it, which must succeed; return what it printed."""
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=ENDS_WITHIN_S,
        )
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _script(self, name: str, runs: str) -> None:
        path = self._folder / name
        path.write_text(f'#!/bin/sh\n{runs} "$@"\n')
        path.chmod(0o755)
