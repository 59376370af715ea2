package io.flm.coordinator.http;

import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.data.PlainText;
import io.flm.worker.AsyncTrainer.Head;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot;
import io.prometheus.metrics.model.snapshots.StateSetSnapshot.StateSetDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A run as the coordinator has it, for Prometheus: the same figures at whichever node they are asked for. */
final class RunMetrics {
    private final MetricSnapshots.Builder metrics;

    private RunMetrics(MetricSnapshots.Builder metrics) {
        this.metrics = metrics;
    }

    /** Adds what the coordinator said; null where it did not answer. */
    static void add(MetricSnapshots.Builder metrics, @Nullable RunView run) {
        RunMetrics to = new RunMetrics(metrics);
        to.gauge("flm_coordinator_up", "Whether the coordinator answered this node.", run == null ? 0 : 1);
        if (run != null) {
            to.state(run);
            to.progress(run);
            to.heads(run.heads());
            to.workers(run.workers());
        }
    }

    private void state(RunView run) {
        metrics.metricSnapshot(InfoSnapshot.builder()
                .name("flm_run")
                .help("The run and the plan that it was submitted with.")
                .dataPoint(InfoDataPointSnapshot.builder()
                        .labels(Labels.of("run", PlainText.of(run.run()), "id", PlainText.of(run.id())))
                        .build())
                .build());
        StateSetDataPointSnapshot.Builder states = StateSetDataPointSnapshot.builder();
        RunView.STATES.forEach(state -> states.state(state, state.equals(run.state())));
        metrics.metricSnapshot(StateSetSnapshot.builder()
                .name("flm_run_state")
                .help("The state of the run.")
                .dataPoint(states.build())
                .build());
    }

    private void progress(RunView run) {
        gauge("flm_run_committed_steps", "Optimizer updates that are committed.", run.step());
        gauge("flm_run_planned_steps", "Optimizer updates after which the run is finished.", run.totalSteps());
        gauge("flm_run_generation", "The number of the newest generation.", run.generation());
        if (run.loss() != null) {
            gauge("flm_run_loss", "The weighted mean loss of the last reported step.", run.loss());
        }
        if (run.secondsLeft() != null) {
            gauge(
                    "flm_run_left_seconds",
                    "Until the last step, or the run's time limit, as fast as it goes now.",
                    run.secondsLeft());
        }
        if (run.checkpoint() != null) {
            gauge(
                    "flm_run_checkpoint_steps",
                    "Committed steps in the newest checkpoint that was asked for.",
                    run.checkpoint().step());
        }
    }

    private void heads(List<Head> heads) {
        heads("flm_run_head_loss", "Mean loss of each head at the last reported step.", heads, Head::loss);
        heads(
                "flm_run_head_accuracy_ratio",
                "Share of right predictions of each head at the last reported step.",
                heads,
                Head::accuracy);
        heads(
                "flm_run_head_prediction_ratio",
                "Share of tokens that each head predicts, since the run was prepared.",
                heads,
                Head::predictionRate);
        heads(
                "flm_run_head_corruption_ratio",
                "Share of what a predicted token could see that is hidden, since the run was prepared.",
                heads,
                Head::corruptionRate);
    }

    /** One gauge of all heads that have the figure. */
    private void heads(String name, String help, List<Head> heads, Function<Head, @Nullable Double> figure) {
        GaugeSnapshot.Builder gauge = gauge(name, help);
        boolean any = false;
        for (Head head : heads) {
            Double value = figure.apply(head);
            if (value != null) {
                gauge.dataPoint(point(Labels.of("head", PlainText.of(head.name())), value));
                any = true;
            }
        }
        if (any) {
            metrics.metricSnapshot(gauge.build());
        }
    }

    private void workers(List<WorkerView> workers) {
        if (workers.isEmpty()) {
            return;
        }
        Map<String, Integer> byState = new TreeMap<>();
        workers.forEach(worker -> byState.merge(worker.state(), 1, Integer::sum));
        GaugeSnapshot.Builder counts = gauge("flm_run_workers", "Workers by state.");
        byState.forEach((state, count) -> counts.dataPoint(point(Labels.of("state", state), count)));
        metrics.metricSnapshot(counts.build());
        GaugeSnapshot.Builder lanes = gauge("flm_worker_lane_seconds", "A worker's time for one lane of a step.")
                .unit(Unit.SECONDS);
        for (WorkerView worker : workers) {
            if (worker.laneMs() > 0) {
                Labels labels = Labels.of("worker", PlainText.of(worker.name()), "node", PlainText.of(worker.node()));
                lanes.dataPoint(point(labels, worker.laneMs() / 1000));
            }
        }
        metrics.metricSnapshot(lanes.build());
    }

    private void gauge(String name, String help, Number value) {
        metrics.metricSnapshot(gauge(name, help)
                .dataPoint(point(Labels.EMPTY, value.doubleValue()))
                .build());
    }

    /** Its unit is what its name ends with. */
    private static GaugeSnapshot.Builder gauge(String name, String help) {
        GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
        Stream.of(Unit.SECONDS, Unit.RATIO)
                .filter(unit -> name.endsWith("_" + unit))
                .forEach(gauge::unit);
        return gauge;
    }

    private static GaugeDataPointSnapshot point(Labels labels, double value) {
        return GaugeDataPointSnapshot.builder().labels(labels).value(value).build();
    }
}
