"""Makes spans of three operations with the OpenTelemetry SDK, with the times of days gone by.

usage: operations.py ENDPOINT START BEAT BEATS SLOW_BEATS

START and BEAT are in nanoseconds. After so many usual beats one operation takes ten times as long. Exit status 1 when the agent
does not take something.
"""

import random
import sys

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import SpanKind

MILLISECOND = 1_000_000
OPERATIONS = {"GET /carts": 80, "GET /orders": 100, "POST /orders": 120}
SLOW = "GET /orders"


class Collected:
    """Keeps the ended spans of a beat, which are then exported in one request."""

    def __init__(self):
        self.spans = []

    def on_start(self, span, parent_context=None):
        pass

    def _on_ending(self, span):
        pass

    def on_end(self, span):
        self.spans.append(span)

    def shutdown(self):
        pass

    def force_flush(self, timeout_millis=0):
        return True

    def take(self):
        spans, self.spans = self.spans, []
        return spans


def main():
    endpoint, *numbers = sys.argv[1:]
    start, beat, beats, slow_beats = map(int, numbers)
    chance = random.Random(1)
    exporter: SpanExporter = OTLPSpanExporter(endpoint=endpoint, insecure=True)
    collected = Collected()
    provider = TracerProvider(resource=Resource({"service.name": "shop", "host.name": "web-1"}))
    provider.add_span_processor(collected)
    tracer = provider.get_tracer("tests.shop")
    for number in range(beats + slow_beats):
        for name, usual in OPERATIONS.items():
            factor = 10 if number >= beats and name == SLOW else 1
            for request in range(40):
                end = start + number * beat + request * 1000 * MILLISECOND
                took = int(factor * usual * chance.uniform(0.5, 1.5) * MILLISECOND)
                tracer.start_span(name, kind=SpanKind.SERVER, start_time=end - took).end(end_time=end)
        if exporter.export(collected.take()) is not SpanExportResult.SUCCESS:
            sys.exit(f"beat {number} was not taken")
    exporter.shutdown()


if __name__ == "__main__":
    main()
