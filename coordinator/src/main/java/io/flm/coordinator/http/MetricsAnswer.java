package io.flm.coordinator.http;

import akka.http.javadsl.model.ContentTypes;
import akka.http.javadsl.model.HttpEntities;
import akka.http.javadsl.model.HttpHeader;
import akka.http.javadsl.model.HttpRequest;
import akka.http.javadsl.model.HttpResponse;
import io.flm.coordinator.RunView;
import io.prometheus.metrics.expositionformats.ExpositionFormatWriter;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/** The answer to {@code GET /metrics}: the run, and what this node counts, in the form that Prometheus asks for. */
final class MetricsAnswer {
    private final PrometheusRegistry node;
    private final ExpositionFormats formats = ExpositionFormats.init();

    /** @param node what this node counts */
    MetricsAnswer(PrometheusRegistry node) {
        this.node = node;
    }

    /** @param run null while no coordinator answers: what the node counts is told all the same */
    HttpResponse of(HttpRequest request, @Nullable RunView run) {
        MetricSnapshots.Builder all = MetricSnapshots.builder();
        RunMetrics.add(all, run);
        node.scrape().forEach(all::metricSnapshot);
        ExpositionFormatWriter writer = formats.findWriter(
                request.getHeader("Accept").map(HttpHeader::value).orElse(null));
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        try {
            writer.write(text, all.build());
        } catch (IOException e) {
            throw new UncheckedIOException(e); // memory does not fail
        }
        return HttpResponse.create()
                .withEntity(HttpEntities.create(ContentTypes.parse(writer.getContentType()), text.toByteArray()));
    }
}
