package io.flm.coordinator.http;

import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.data.PlainText;
import io.flm.exchange.ExchangeCounters;
import io.flm.worker.AsyncTrainer.Head;
import io.flm.worker.AsyncTrainer.Shares;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A run, and what the exchange of the node that is asked has counted, in the text format of Prometheus. */
final class MetricsText {
    private final StringBuilder text = new StringBuilder();

    private MetricsText() {}

    static String of(RunView run, ExchangeCounters exchange) {
        MetricsText metrics = new MetricsText();
        metrics.describe("flm_run_info", "The run and its state.");
        metrics.sample("flm_run_info", labels("run", run.run(), "state", run.state()), 1);
        metrics.gauge("flm_committed_steps", "Optimizer updates that are committed.", run.step());
        metrics.gauge("flm_total_steps", "Optimizer updates after which the run is finished.", run.totalSteps());
        metrics.gauge("flm_generation", "The number of the newest generation.", run.generation());
        if (run.loss() != null) {
            metrics.gauge("flm_loss", "The weighted mean loss of the last reported step.", run.loss());
        }
        metrics.heads(run);
        metrics.gauge("flm_samples_per_second", "Samples a second, lately.", run.samplesPerSecond());
        metrics.gauge("flm_tokens_per_second", "Tokens a second, lately.", run.tokensPerSecond());
        if (run.timeShares() != null) {
            metrics.shares(run.timeShares());
        }
        if (run.checkpoint() != null) {
            metrics.gauge(
                    "flm_checkpoint_step",
                    "Committed steps in the newest checkpoint that was asked for.",
                    run.checkpoint().step());
        }
        metrics.workers(run);
        metrics.exchange(exchange);
        return metrics.text.toString();
    }

    private void heads(RunView run) {
        if (run.heads().isEmpty()) {
            return;
        }
        describe("flm_head_loss", "Mean loss of each head.");
        for (Head head : run.heads()) {
            sample("flm_head_loss", labels("head", head.name()), head.loss());
        }
        describe("flm_head_accuracy", "Share of right predictions of each head.");
        for (Head head : run.heads()) {
            sample("flm_head_accuracy", labels("head", head.name()), head.accuracy());
        }
        rates(run.heads());
    }

    /** Of the heads that predict tokens. */
    private void rates(List<Head> heads) {
        if (heads.stream().allMatch(head -> head.predictionRate() == null)) {
            return;
        }
        describe("flm_head_prediction_rate", "Share of tokens that each head predicts, since the run was prepared.");
        heads.forEach(head -> rate("flm_head_prediction_rate", head, head.predictionRate()));
        describe("flm_head_corruption_rate", "Share of what a predicted token could see that is hidden, likewise.");
        heads.forEach(head -> rate("flm_head_corruption_rate", head, head.corruptionRate()));
    }

    private void rate(String name, Head head, @Nullable Double rate) {
        if (rate != null) {
            sample(name, labels("head", head.name()), rate);
        }
    }

    private void shares(Shares shares) {
        describe("flm_time_share", "Where rank 0 spends its time; adds up to 1.");
        sample("flm_time_share", labels("part", "data"), shares.data());
        sample("flm_time_share", labels("part", "compute"), shares.compute());
        sample("flm_time_share", labels("part", "exchange"), shares.exchange());
        sample("flm_time_share", labels("part", "optimizer"), shares.optimizer());
    }

    private void workers(RunView run) {
        Map<String, Integer> byState = new TreeMap<>();
        run.workers().forEach(worker -> byState.merge(worker.state(), 1, Integer::sum));
        describe("flm_workers", "Workers by state.");
        byState.forEach((state, count) -> sample("flm_workers", labels("state", state), count));
        describe("flm_worker_lane_seconds", "A worker's time for one lane of a step.");
        for (WorkerView worker : run.workers()) {
            if (worker.laneMs() > 0) {
                sample(
                        "flm_worker_lane_seconds",
                        labels("worker", worker.name(), "node", worker.node()),
                        worker.laneMs() / 1000);
            }
        }
    }

    private void exchange(ExchangeCounters counters) {
        counter("flm_exchange_sent_bytes_total", "Bytes that this node's exchange has sent.", counters.bytesSent());
        counter(
                "flm_exchange_received_bytes_total",
                "Bytes that this node's exchange has received.",
                counters.bytesReceived());
        counter(
                "flm_exchange_sent_state_bytes_total",
                "Bytes of states among those sent, to members that lacked them.",
                counters.stateBytesSent());
        counter(
                "flm_exchange_lost_nodes_total",
                "How often this node held another one for lost.",
                counters.lostPeers());
        String dropped = "flm_exchange_dropped_frames_total";
        describe(dropped, "Frames that this node has dropped.", "counter");
        sample(dropped, labels("reason", "other-generation"), counters.otherGenerationFrames());
        sample(dropped, labels("reason", "corrupt"), counters.corruptFrames());
        sample(dropped, labels("reason", "unauthenticated"), counters.unauthenticatedFrames());
        sample(dropped, labels("reason", "duplicate"), counters.duplicateFrames());
        sample(dropped, labels("reason", "stranger"), counters.refusedDatagrams());
    }

    private void gauge(String name, String help, Number value) {
        describe(name, help);
        sample(name, "", value);
    }

    private void counter(String name, String help, long value) {
        describe(name, help, "counter");
        sample(name, "", value);
    }

    private void describe(String name, String help) {
        describe(name, help, "gauge");
    }

    private void describe(String name, String help, String type) {
        text.append("# HELP ").append(name).append(' ').append(help).append('\n');
        text.append("# TYPE ").append(name).append(' ').append(type).append('\n');
    }

    private void sample(String name, String labels, Number value) { // NaN too is written as Prometheus reads it
        text.append(name).append(labels).append(' ').append(value).append('\n');
    }

    private static String labels(String... namesAndValues) {
        StringBuilder labels = new StringBuilder("{");
        for (int i = 0; i < namesAndValues.length; i += 2) {
            String value =
                    PlainText.of(namesAndValues[i + 1]).replace("\\", "\\\\").replace("\"", "\\\"");
            labels.append(i == 0 ? "" : ",")
                    .append(namesAndValues[i])
                    .append("=\"")
                    .append(value)
                    .append('"');
        }
        return labels.append('}').toString();
    }
}
