"""A Ray cluster of several "computers" on this one: processes that talk through the loopback device.

Prints its address; `lose` on its input kills the last of them as a lost computer is, an empty input ends all. The
arguments are the numbers of cores of each, with `:NAME=VALUE` what stands in its environment besides.
"""

from __future__ import annotations

import os
import sys

os.environ.update(
    {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_USAGE_STATS_ENABLED": "0", "RAY_worker_niceness": "0"}
)

from ray.cluster_utils import Cluster


def main() -> None:
    """Until its input ends."""
    cluster = Cluster()
    nodes = []
    for argument in sys.argv[1:]:
        cores, _, variable = argument.partition(":")
        name, _, value = variable.partition("=")
        before = os.environ.get(name)
        if name:
            os.environ[name] = value
        size = 80 * 2**20
        nodes.append(cluster.add_node(num_cpus=int(cores), include_dashboard=False, object_store_memory=size))
        if name:
            os.environ.pop(name) if before is None else os.environ.update({name: before})
    sys.stdout.write(f"{cluster.address}\n")
    sys.stdout.flush()
    for line in sys.stdin:
        if line.strip() == "lose":
            cluster.remove_node(nodes.pop(), allow_graceful=False)
            sys.stdout.write("lost\n")
            sys.stdout.flush()
    cluster.shutdown()


main()
