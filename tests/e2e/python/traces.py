"""Sends traces with the OpenTelemetry SDK: thousands of usual ones, and a few that are slow or fail.

usage: traces.py ENDPOINT USUAL

Each trace is a request to a shop, which queries a database. How long the spans take is made up, so the run takes no
longer than sending does. The odd ones come in the last tenth; prints a line for each: `slow TRACE_ID` or
`failed TRACE_ID`. Exit status 1 when something is not taken.
"""

import random
import sys

from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode, set_span_in_context

LONG = 3600 * 1000  # nothing is sent before it is asked for
MILLISECOND = 1_000_000
BEGIN = 1_700_000_000_000 * MILLISECOND
PROBLEMS = []


class Strict(OTLPSpanExporter):
    """Remembers what was not taken."""

    def export(self, spans):
        result = super().export(spans)
        if result.name != "SUCCESS":
            PROBLEMS.append(result.name)
        return result


def trace(tracer, start, milliseconds, failed):
    end = start + int(milliseconds * MILLISECOND)
    request = tracer.start_span("GET /orders", kind=SpanKind.SERVER, start_time=start)
    query = tracer.start_span(
        "SELECT orders", set_span_in_context(request), kind=SpanKind.CLIENT, start_time=start + MILLISECOND // 10
    )
    if failed:
        query.set_status(Status(StatusCode.ERROR, "deadlock"))
    query.end(end_time=end - MILLISECOND // 10)
    request.end(end_time=end)
    return f"{request.get_span_context().trace_id:032x}"


def main():
    endpoint, usual = sys.argv[1], int(sys.argv[2])
    processor = BatchSpanProcessor(
        Strict(endpoint=endpoint, insecure=True), max_queue_size=1 << 17, schedule_delay_millis=LONG
    )
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}), shutdown_on_exit=False)
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("tests.shop")
    durations = random.Random(7)
    step = usual // 100
    for number in range(usual):
        start = BEGIN + number * 10 * MILLISECOND
        trace(tracer, start, 5 + durations.expovariate(1 / 2), False)
        if number >= usual * 9 // 10 and number % step == 0:
            slow = number // step % 2 == 0
            kind = "slow" if slow else "failed"
            print(kind, trace(tracer, start, 900 if slow else 6, not slow))
        if number % 5000 == 0:
            processor.force_flush()
    processor.force_flush()
    if PROBLEMS:
        sys.exit("not everything was taken: " + ", ".join(PROBLEMS))


if __name__ == "__main__":
    main()
