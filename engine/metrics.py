"""The figures an operator watches, in one registry served at ``/metrics``."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class Metrics:
    """One instance a process; every part is handed the few figures it moves."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.calls = Gauge("gomobile_calls", "Calls held now.", registry=registry)
        self.attempts = Counter(
            "gomobile_attempts",
            "Attempts ended, by result and cause.",
            ["result", "cause"],
            registry=registry,
        )
        self.answer_to_audio = Histogram(
            "gomobile_answer_to_audio_seconds",
            "From a callee's answer to the first prompt packet.",
            buckets=(0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12),
            registry=registry,
        )
        self.loop_lag = Gauge(
            "gomobile_loop_lag_seconds", "How late the event loop woke last.", registry=registry
        )
