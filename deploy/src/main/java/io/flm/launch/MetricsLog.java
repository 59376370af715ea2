package io.flm.launch;

import io.flm.data.Objective;
import io.flm.data.UserException;
import io.flm.worker.StepResult;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** The curves of a run: {@code metrics.jsonl}, one JSON object for each committed step, as it is committed. */
final class MetricsLog implements RunListener, AutoCloseable {
    private final Path file;
    private final LongSupplier nanoTime;
    private @Nullable Objective objective;
    private @Nullable Writer writer;
    private long startedAt;

    MetricsLog(Path file, LongSupplier nanoTime) {
        this.file = file;
        this.nanoTime = nanoTime;
    }

    /** Steps that an interrupted process committed after its last checkpoint are done again: their lines go. */
    @Override
    public void onStart(Start start) {
        objective = start.objective();
        startedAt = nanoTime.getAsLong();
        try {
            if (Files.exists(file)) {
                List<String> kept = Files.readAllLines(file).stream()
                        .limit(start.firstStep())
                        .toList();
                Files.write(file, kept);
            }
            writer = Files.newBufferedWriter(
                    file, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be written (" + e.getMessage() + ")", e);
        }
    }

    @Override
    public void onStep(StepResult result) {
        Objective of = objective;
        Writer out = writer;
        if (of == null || out == null) {
            throw new IllegalStateException("a step before the start");
        }
        try {
            out.write(Json.line(metrics(of, result)) + "\n");
            out.flush();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Map<String, Object> metrics(Objective of, StepResult result) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("step", result.step());
        line.put("loss", result.loss());
        for (int head = 0; head < of.headCount(); head++) {
            double count = Math.max(1, result.totals().targetCounts()[head]);
            line.put(of.headName(head) + "Loss", result.totals().lossSums()[head] / count);
            line.put(of.headName(head) + "Accuracy", result.totals().correctCounts()[head] / count);
        }
        line.put("learningRate", result.learningRate());
        line.put("samples", result.totals().samples());
        line.put("tokens", result.totals().tokens());
        line.put("dataMs", result.times().dataNs() / 1e6);
        line.put("forwardMs", result.times().forwardNs() / 1e6);
        line.put("backwardMs", result.times().backwardNs() / 1e6);
        line.put("exchangeMs", result.times().exchangeNs() / 1e6);
        line.put("optimizerMs", result.times().optimizerNs() / 1e6);
        line.put("seconds", (nanoTime.getAsLong() - startedAt) / 1e9);
        return line;
    }

    @Override
    public void onCheckpoint(Path checkpoint, long steps) {}

    @Override
    public void onNote(String note) {}

    @Override
    public void close() {
        try {
            if (writer != null) {
                writer.close();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
