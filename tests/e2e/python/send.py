"""Sends telemetry with the OpenTelemetry SDK to two places at once: straight to a sink, and through the agent.

usage: send.py (grpc|http) (none|gzip) DIRECT_ENDPOINT AGENT_ENDPOINT

Every request goes to both places with the same content, so that what arrives can be compared. Exit status 1 when
either place does not take something.
"""

import sys

from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Link, SpanKind, Status, StatusCode
from opentelemetry._logs import SeverityNumber

LONG = 3600 * 1000  # nothing is sent before it is asked for
UNICODE = "Žluťoučký kůň 🐎 \u202eعربي 中文 \u0000 end"

problems = []


class Both:
    """An exporter that gives everything to two exporters."""

    def __init__(self, direct, through_agent):
        self.targets = [direct, through_agent]
        self.seen = []

    def export(self, data, *arguments, **keywords):
        self.seen.append(data)
        results = [target.export(data, *arguments, **keywords) for target in self.targets]
        problems.extend(result.name for result in results if result.name != "SUCCESS")
        return results[0]

    def export_again_in_one_request(self):
        self.export([item for batch in self.seen for item in batch])

    def force_flush(self, *arguments, **keywords):
        return True

    def shutdown(self, *arguments, **keywords):
        for target in self.targets:
            target.shutdown()


class BothForMetrics(Both, MetricExporter):
    """The reader of metrics wants to know what its exporter prefers."""

    def __init__(self, direct, through_agent):
        MetricExporter.__init__(self)
        Both.__init__(self, direct, through_agent)


def exporters(protocol, compression, endpoints):
    if protocol == "grpc":
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        chosen = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip}[compression]

        def make(kind, path, endpoint):
            return kind(endpoint=endpoint, insecure=True, compression=chosen)
    else:
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        chosen = {"none": Compression.NoCompression, "gzip": Compression.Gzip}[compression]

        def make(kind, path, endpoint):
            return kind(endpoint=endpoint + path, compression=chosen)

    return (
        Both(*(make(OTLPSpanExporter, "/v1/traces", endpoint) for endpoint in endpoints)),
        BothForMetrics(*(make(OTLPMetricExporter, "/v1/metrics", endpoint) for endpoint in endpoints)),
        Both(*(make(OTLPLogExporter, "/v1/logs", endpoint) for endpoint in endpoints)),
    )


def resources():
    yield Resource.create({"service.name": "orders", "service.instance.id": "orders-1", "weights": [1.5, -0.0]})
    yield Resource({"service.name": UNICODE, "answer": 42, "yes": True}, schema_url="https://example.com/schema/1")


def traces(exporter):
    for resource in resources():
        processor = BatchSpanProcessor(exporter, schedule_delay_millis=LONG)
        provider = TracerProvider(resource=resource)
        provider.add_span_processor(processor)
        tracer = provider.get_tracer("tests.shop", "1.2.3", "https://example.com/schema/2", {"scope.attribute": 7})
        with tracer.start_as_current_span("parent", kind=SpanKind.SERVER) as parent:
            parent.set_attributes(
                {"text": UNICODE, "integer": -(2**63), "double": 1e-300, "flag": False, "list": ["a", "", "c"]}
            )
            parent.add_event("cache miss", {"key": "k", "tries": 3}, timestamp=1)
            link = Link(parent.get_span_context(), {"why": "follows"})
            for number in range(120):
                with tracer.start_as_current_span(f"child {number}", kind=SpanKind.CLIENT, links=[link]) as child:
                    child.set_attribute("number", number)
            try:
                raise ValueError("no " + UNICODE)
            except ValueError as error:
                parent.record_exception(error)
                parent.set_status(Status(StatusCode.ERROR, "it failed"))
        other = provider.get_tracer("tests.other")
        other.start_span("never ended")
        other.start_span("", start_time=1).end(end_time=2)
        processor.force_flush()
    exporter.export_again_in_one_request()


def metrics(exporter):
    exponential = View(instrument_name="latency.exponential", aggregation=ExponentialBucketHistogramAggregation())
    for resource in resources():
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=LONG)
        provider = MeterProvider(metric_readers=[reader], resource=resource, views=[exponential], shutdown_on_exit=False)
        meter = provider.get_meter("tests.shop", "1.2.3", "https://example.com/schema/2", {"scope.attribute": 7})
        counter = meter.create_counter("requests", "1", "Requests, " + UNICODE)
        balance = meter.create_up_down_counter("balance", "{item}")
        explicit = meter.create_histogram("latency", "s", explicit_bucket_boundaries_advisory=[0.1, 1, 10])
        buckets = meter.create_histogram("latency.exponential", "s")
        meter.create_gauge("temperature", "Cel").set(-273.15, {"room": "attic"})
        meter.create_observable_gauge("observed", [lambda options: iter(())])
        for number in range(50):
            counter.add(number, {"route": f"/{number % 5}", "text": UNICODE})
            balance.add(-number)
            explicit.record(number / 3)
            buckets.record(0 if number == 7 else 1.7**number)
        reader.force_flush()
        counter.add(1)
        reader.force_flush()


def logs(exporter):
    for resource in resources():
        provider = LoggerProvider(resource=resource)
        processor = BatchLogRecordProcessor(exporter, schedule_delay_millis=LONG)
        provider.add_log_record_processor(processor)
        logger = provider.get_logger("tests.shop", "1.2.3", "https://example.com/schema/2", {"scope.attribute": 7})
        tracer = TracerProvider().get_tracer("tests")
        logger.emit(timestamp=1, severity_number=SeverityNumber.FATAL4, severity_text="FATAL", body=UNICODE)
        logger.emit(body={"nested": {"list": [1, "two", 3.0, None, True], "bytes": b"\x00\xff"}})
        logger.emit(event_name="tests.checkout", attributes={"empty": "", "deep": {"a": {"b": [{"c": 1}]}}})
        with tracer.start_as_current_span("with context"):
            for number in range(30):
                logger.emit(timestamp=number, body=f"line {number}", attributes={"number": number})
        try:
            raise RuntimeError("told as an exception")
        except RuntimeError as error:
            logger.emit(severity_number=SeverityNumber.ERROR, exception=error)
        processor.force_flush()
    exporter.export_again_in_one_request()


def main():
    protocol, compression, *endpoints = sys.argv[1:]
    spans, points, records = exporters(protocol, compression, endpoints)
    traces(spans)
    metrics(points)
    logs(records)
    if problems:
        sys.exit("not everything was taken: " + ", ".join(problems))
    print("everything was taken")


if __name__ == "__main__":
    main()
