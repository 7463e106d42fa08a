"""The faults themselves, by what they do: importing them registers them."""

from perf.chaos.faults import away, disks, killed, lines, nodes, queues, together

__all__ = ["away", "disks", "killed", "lines", "nodes", "queues", "together"]
