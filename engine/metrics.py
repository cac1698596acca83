"""The figures an operator watches, in one registry served at ``/metrics``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector

from engine.program.report import CallReport

AUDIO_BUCKETS_S: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12)


class Metrics:
    """One instance a process; every part is handed the few figures it moves."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.calls = Gauge("gomobile_calls", "Calls held now.", registry=registry)
        self.tick_lag = Gauge(
            "gomobile_tick_lag_seconds", "How late the media tick is.", registry=registry
        )
        self._attempts = Counter(
            "gomobile_attempts",
            "Attempts ended, by result and cause.",
            ["result", "cause"],
            registry=registry,
        )
        self._answer_to_audio = Histogram(
            "gomobile_answer_to_audio_seconds",
            "From a callee's answer to the first prompt packet.",
            buckets=AUDIO_BUCKETS_S,
            registry=registry,
        )

    def counters(self, name: str, about: str, read: Callable[[], Mapping[str, int]]) -> None:
        """Show counters that a part keeps itself, by their ``kind``."""
        self.registry.register(_Counters(name, about, read))

    def ended(self, report: CallReport) -> None:
        outcome, at = report.outcome, report.outcome.milestones
        self._attempts.labels(outcome.result.value, outcome.cause.code).inc()
        if at.answered_at is not None and at.first_audio_at is not None:
            self._answer_to_audio.observe((at.first_audio_at - at.answered_at).total_seconds())


class _Counters(Collector):
    def __init__(self, name: str, about: str, read: Callable[[], Mapping[str, int]]) -> None:
        self._name, self._about, self._read = name, about, read

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(self._name, self._about, labels=["kind"])
        for kind, count in sorted(self._read().items()):
            family.add_metric([kind], count)
        yield family
