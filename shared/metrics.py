"""A service's state as Prometheus metrics."""

from collections.abc import Iterator, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector


def exposition(state: dict[str, Any]) -> bytes:
    """What `/metrics` answers: every figure of `/ops/state`, with the service as a label."""
    registry = CollectorRegistry()
    registry.register(_State(state))
    return generate_latest(registry)


class _State(Collector):
    def __init__(self, state: dict[str, Any]) -> None:
        self._state = state

    def collect(self) -> Iterator[GaugeMetricFamily]:
        state, service = self._state, self._state["service"]
        answers = 1 if "outbox" in state else 0
        yield _gauge("puente_database_up", "1: the service's database answers", ["service"], [([service], answers)])
        if not answers:
            return
        single = {
            "puente_outbox_backlog": ("Events not yet on Kafka", state["outbox"]["backlog"]),
            "puente_outbox_oldest_seconds": ("Age of the oldest of them", state["outbox"]["oldest_seconds"]),
            "puente_parked_events": ("Events parked for another try", state["parked"]),
            "puente_dead_events": ("Events that wait for a decision", state["dead"]),
            "puente_set_aside": ("Cases at which a job failed, which is done for the others", len(state["set_aside"])),
            "puente_republications": ("Times the log was lost and said again", state["republications"]),
        }
        for name, (text, value) in single.items():
            yield _gauge(name, text, ["service"], [([service], value)])
        figures = ("lag", "oldest_seconds", "superseded", "jumps", "handled")
        for figure in figures:
            samples = [([service, c["topic"]], c[figure]) for c in state["consumers"]]
            yield _gauge(f"puente_consumer_{figure}", f"{figure} of a topic's consumer", ["service", "topic"], samples)
        stopped = [([service, c["topic"]], 1 if c["stopped"] else 0) for c in state["consumers"]]
        yield _gauge("puente_consumer_stopped", "1: stopped for a bad release", ["service", "topic"], stopped)
        for name in sorted({name for counts in state["counts"].values() for name in counts}):
            samples = [([service, system], counts.get(name, 0)) for system, counts in state["counts"].items()]
            yield _gauge(f"puente_{name}", f"{name} by country", ["service", "system"], samples)


def _gauge(name: str, text: str, labels: list[str], samples: Sequence[tuple[list[str], float]]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family
