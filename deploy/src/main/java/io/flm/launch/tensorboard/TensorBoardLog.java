package io.flm.launch.tensorboard;

import io.flm.data.FileErrors;
import io.flm.worker.SourceLoss;
import io.flm.worker.StepMetrics;
import io.flm.worker.StepMetrics.HeadLoss;
import io.flm.worker.StepResult;
import java.io.IOException;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The curves of a run for TensorBoard, step by step as they are committed, and the run's configuration. Written by whichever node has
 * rank 0. Steps that are done again, after a resumption or a loss, begin a new file, before which TensorBoard drops the old ones.
 */
public final class TensorBoardLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TensorBoardLog.class);
    private static final long PAUSE_MS = 60_000; // after a failure: a full disk is not tried at each step

    private final Path folder;
    private final String configuration;
    private final InstantSource clock;
    private @Nullable EventFile file;
    private boolean failing;
    private long failedAt; // by the clock, where failing
    private long nextStep = -1;

    /**
     * @param folder {@code tensorboard/} of the run's; made with the first step
     * @param configuration as {@code effective.conf} has it
     * @param clock of the day
     */
    public TensorBoardLog(Path folder, String configuration, InstantSource clock) {
        this.folder = folder;
        this.configuration = configuration;
        this.clock = clock;
    }

    /** Adds a step; after a failure none for a minute. */
    public synchronized void add(StepMetrics step) {
        if (failing && Math.abs(clock.millis() - failedAt) < PAUSE_MS) { // the clock of the day may be put back
            return;
        }
        try {
            EventFile open = file;
            if (open == null || step.step() != nextStep) {
                open = begin(step.step());
            }
            open.scalars(step.step(), scalars(step));
            nextStep = step.step() + 1;
            failing = false;
        } catch (IOException e) { // a curve with a gap is better than no training
            close(); // a record may be cut, and nothing after it would be read
            if (!failing) {
                LOG.warn(
                        "{}: cannot be written ({}); training goes on without its curve", folder, FileErrors.reason(e));
            }
            failing = true;
            failedAt = clock.millis();
        }
    }

    private EventFile begin(long step) throws IOException {
        close();
        EventFile opened = EventFile.next(folder, clock);
        try {
            opened.start(step);
            opened.text(step, "configuration", Markdown.verbatim(configuration));
        } catch (IOException e) {
            opened.discard(e);
            throw e;
        }
        file = opened;
        return opened;
    }

    private static Map<String, Double> scalars(StepMetrics step) {
        Map<String, Double> values = new LinkedHashMap<>();
        values.put("loss/mean", step.loss());
        for (HeadLoss head : step.heads()) {
            values.put("loss/" + head.name(), head.loss());
            values.put("accuracy/" + head.name(), head.accuracy());
        }
        for (HeadLoss head : step.heldOut()) {
            values.put("held-out loss/" + head.name(), head.loss());
            values.put("held-out accuracy/" + head.name(), head.accuracy());
        }
        for (SourceLoss source : step.sources()) {
            if (Double.isFinite(source.loss())) { // else nothing of it is predicted in this step
                values.put("loss by source/" + source.name(), source.loss());
                values.put("accuracy by source/" + source.name(), source.accuracy());
            }
        }
        values.put("optimizer/learning rate", step.learningRate());
        values.put("optimizer/gradient norm", step.gradientNorm());
        StepResult.Times times = step.times();
        if (times.totalNs() > 0) {
            values.put("speed/samples per second", step.samples() * 1e9 / times.totalNs());
            values.put("time of rank 0, ms/data", times.dataNs() / 1e6);
            values.put("time of rank 0, ms/forward", times.forwardNs() / 1e6);
            values.put("time of rank 0, ms/backward", times.backwardNs() / 1e6);
            values.put("time of rank 0, ms/exchange", times.exchangeNs() / 1e6);
            values.put("time of rank 0, ms/optimizer", times.optimizerNs() / 1e6);
        }
        return values;
    }

    @Override
    public synchronized void close() {
        EventFile open = file;
        file = null;
        if (open == null) {
            return;
        }
        try {
            open.close();
        } catch (IOException e) { // of a full disk, again: what was added has told it
            LOG.info("{}: its end is not written", folder, e);
        }
    }
}
