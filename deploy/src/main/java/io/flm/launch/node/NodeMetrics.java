package io.flm.launch.node;

import ai.djl.Device;
import io.flm.data.StageCount;
import io.flm.exchange.ExchangeCounters;
import io.flm.launch.console.Version;
import io.flm.worker.StepResult;
import io.flm.worker.torch.Torch;
import io.prometheus.metrics.core.metrics.Counter;
import io.prometheus.metrics.core.metrics.CounterWithCallback;
import io.prometheus.metrics.core.metrics.GaugeWithCallback;
import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.core.metrics.Info;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import io.prometheus.metrics.model.snapshots.Unit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;

/**
 * What a node counts for Prometheus, from its start to its end: the steps of its workers, its exchange, the stages of its data, the
 * memory of its CUDA devices, its JVM.
 */
final class NodeMetrics {
    private static final double SHORTEST_STEP = 0.005; // seconds; each bucket ends at twice the one before
    private static final int STEP_BUCKETS = 16; // the last ends at 164 s

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private final Histogram steps;
    private final Counter phases;
    private final Counter samples;
    private final Counter tokens;

    /**
     * @param exchange what the node's exchange has counted
     * @param stages what the data of its runs have done; those of one name are added
     * @param devices that its workers compute on
     * @param cudaMemory of a CUDA device, by its number: free bytes, and all
     */
    NodeMetrics(
            Supplier<ExchangeCounters> exchange,
            Supplier<List<StageCount>> stages,
            List<Device> devices,
            IntFunction<long[]> cudaMemory) {
        Info.builder()
                .name("flm_build_info")
                .help("The version of the program.")
                .labelNames("version")
                .register(registry)
                .setLabelValues(Version.number());
        steps = Histogram.builder()
                .name("flm_step_duration_seconds")
                .help("Time of a committed step of a worker, validation aside.")
                .unit(Unit.SECONDS)
                .labelNames("worker")
                .classicOnly()
                .classicExponentialUpperBounds(SHORTEST_STEP, 2, STEP_BUCKETS)
                .register(registry);
        phases = Counter.builder()
                .name("flm_step_phase_seconds_total")
                .help("Where a worker spent its steps: data and exchange are times of waiting.")
                .unit(Unit.SECONDS)
                .labelNames("worker", "phase")
                .register(registry);
        samples = counter("flm_run_samples_total", "Samples of the global batches that rank 0 committed on this node.");
        tokens = counter("flm_run_tokens_total", "Tokens of the global batches that rank 0 committed on this node.");
        exchange(exchange);
        data(stages);
        devices(devices.stream().filter(Device::isGpu).distinct().toList(), cudaMemory);
        JvmMetrics.builder().register(registry);
    }

    PrometheusRegistry registry() {
        return registry;
    }

    /** A worker of this node committed a step. */
    void onStep(String worker, int rank, StepResult result) {
        StepResult.Times times = result.times();
        steps.labelValues(worker).observe(Unit.nanosToSeconds(times.totalNs()));
        phase(worker, "data", times.dataNs());
        phase(worker, "forward", times.forwardNs());
        phase(worker, "backward", times.backwardNs());
        phase(worker, "exchange", times.exchangeNs());
        phase(worker, "optimizer", times.optimizerNs());
        if (rank == 0) {
            samples.inc(result.totals().samples());
            tokens.inc(result.totals().tokens());
        }
    }

    private void phase(String worker, String phase, long nanos) {
        phases.labelValues(worker, phase).inc(Unit.nanosToSeconds(nanos));
    }

    private Counter counter(String name, String help) {
        return Counter.builder().name(name).help(help).register(registry);
    }

    private void exchange(Supplier<ExchangeCounters> counters) {
        counted(
                "flm_exchange_sent_bytes_total",
                "Sent by this node's exchange.",
                counters,
                ExchangeCounters::bytesSent);
        counted(
                "flm_exchange_received_bytes_total",
                "Received by this node's exchange.",
                counters,
                ExchangeCounters::bytesReceived);
        counted(
                "flm_exchange_sent_state_bytes_total",
                "Of states among those sent, to members that lacked them.",
                counters,
                ExchangeCounters::stateBytesSent);
        counted(
                "flm_exchange_lost_nodes_total",
                "How often this node held another one for lost.",
                counters,
                ExchangeCounters::lostPeers);
        Map<String, ToDoubleFunction<ExchangeCounters>> dropped = new LinkedHashMap<>();
        dropped.put("other-generation", ExchangeCounters::otherGenerationFrames);
        dropped.put("corrupt", ExchangeCounters::corruptFrames);
        dropped.put("unauthenticated", ExchangeCounters::unauthenticatedFrames);
        dropped.put("duplicate", ExchangeCounters::duplicateFrames);
        dropped.put("stranger", ExchangeCounters::refusedDatagrams);
        CounterWithCallback.builder()
                .name("flm_exchange_dropped_frames_total")
                .help("Frames that this node has dropped.")
                .labelNames("reason")
                .callback(to -> {
                    ExchangeCounters now = counters.get();
                    dropped.forEach((reason, count) -> to.call(count.applyAsDouble(now), reason));
                })
                .register(registry);
    }

    private void counted(
            String name, String help, Supplier<ExchangeCounters> counters, ToDoubleFunction<ExchangeCounters> count) {
        CounterWithCallback.builder()
                .name(name)
                .help(help)
                .callback(to -> to.call(count.applyAsDouble(counters.get())))
                .register(registry);
    }

    private void data(Supplier<List<StageCount>> stages) {
        CounterWithCallback.builder()
                .name("flm_data_stage_samples_total")
                .help("Samples that a stage of the data pipeline worked on.")
                .labelNames("stage")
                .callback(to ->
                        byStage(stages.get(), StageCount::samples).forEach((stage, count) -> to.call(count, stage)))
                .register(registry);
        CounterWithCallback.builder()
                .name("flm_data_stage_seconds_total")
                .help("Time spent in a stage of the data pipeline, over all its threads.")
                .unit(Unit.SECONDS)
                .labelNames("stage")
                .callback(to -> byStage(stages.get(), stage -> Unit.nanosToSeconds(stage.nanos()))
                        .forEach((stage, seconds) -> to.call(seconds, stage)))
                .register(registry);
    }

    private static Map<String, Double> byStage(List<StageCount> stages, ToDoubleFunction<StageCount> figure) {
        Map<String, Double> sums = new LinkedHashMap<>();
        stages.forEach(stage -> sums.merge(stage.stage(), figure.applyAsDouble(stage), Double::sum));
        return sums;
    }

    private void devices(List<Device> cuda, IntFunction<long[]> memory) {
        if (cuda.isEmpty()) {
            return;
        }
        deviceMemory(
                "flm_device_memory_free_bytes",
                "Free memory of a CUDA device, whoever uses the rest.",
                cuda,
                memory,
                0);
        deviceMemory("flm_device_memory_size_bytes", "All memory of a CUDA device.", cuda, memory, 1);
    }

    private void deviceMemory(String name, String help, List<Device> cuda, IntFunction<long[]> memory, int index) {
        GaugeWithCallback.builder()
                .name(name)
                .help(help)
                .unit(Unit.BYTES)
                .labelNames("device")
                .callback(to -> cuda.forEach(device -> {
                    long bytes = memory.apply(device.getDeviceId())[index];
                    to.call((double) bytes, Torch.name(device));
                }))
                .register(registry);
    }
}
