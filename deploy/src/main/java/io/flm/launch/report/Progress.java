package io.flm.launch.report;

import io.flm.coordinator.RunView;
import io.flm.launch.console.Screen;
import io.flm.launch.run.NodeAddress;
import io.flm.launch.submit.RunListener;
import io.flm.worker.AsyncTrainer.Head;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Shows a run to whoever waits for it: a bar on a terminal, else a line every few seconds. */
public final class Progress implements RunListener {
    private static final Duration ON_PIPE = Duration.ofSeconds(5);
    private static final int BAR_WIDTH = 16;
    /** Narrower terminals have no room for the bar. */
    private static final int WIDE = 80;

    private final Screen screen;
    private final LongSupplier nanoTime;
    private final double minutes;

    private @Nullable Start start;
    private long startedAt;
    private long shownAt;
    private long shownStep;

    /** @param minutes the run's limit; 0: none */
    public Progress(Screen screen, LongSupplier nanoTime, double minutes) {
        this.screen = screen;
        this.nanoTime = nanoTime;
        this.minutes = minutes;
    }

    @Override
    public synchronized void onStart(Start newStart) {
        start = newStart;
        startedAt = nanoTime.getAsLong();
        shownAt = startedAt;
        shownStep = newStart.firstStep();
        String steps = newStart.firstStep() < newStart.totalSteps()
                ? "steps " + newStart.firstStep() + " to " + newStart.totalSteps() + " from " + newStart.origin()
                : "no step is left after " + newStart.origin();
        screen.println(String.format(
                Locale.ROOT,
                "flm: %,d parameters, objective %s, %s",
                newStart.parameterCount(),
                newStart.objective(),
                steps));
        screen.println("flm: workers: " + String.join(", ", newStart.workers()) + "; "
                + NodeAddress.url(newStart.http()) + "/api/v1/run");
    }

    @Override
    public synchronized void onProgress(RunView view) {
        Start of = start;
        if (of == null) {
            throw new IllegalStateException("progress before the start");
        }
        long now = nanoTime.getAsLong();
        boolean last = view.ended();
        boolean due = view.step() != shownStep && (screen.isTerminal() || now - shownAt >= ON_PIPE.toNanos());
        if ((!due && !last) || view.heads().isEmpty()) {
            return;
        }
        String line = line(of, view, now);
        if (screen.isTerminal() && !last) {
            screen.status(line);
        } else {
            screen.status("");
            screen.println(line);
        }
        shownAt = now;
        shownStep = view.step();
    }

    private String line(Start of, RunView view, long now) {
        long steps = view.step();
        double done = (double) steps / of.totalSteps();
        double elapsed = (now - startedAt) / 60e9;
        if (minutes > 0) {
            done = Math.max(done, Math.min(1, elapsed / minutes));
        }
        List<String> parts = new ArrayList<>(); // what is missed most first: a narrow terminal leaves out the last ones
        parts.add(String.format(Locale.ROOT, "step %d/%d", steps, of.totalSteps()));
        if (screen.columns() >= WIDE) {
            int full = (int) (done * BAR_WIDTH);
            parts.add("[" + "#".repeat(full) + ".".repeat(BAR_WIDTH - full) + "]");
        }
        if (steps > of.firstStep() && steps < of.totalSteps()) {
            double left = elapsed / (steps - of.firstStep()) * (of.totalSteps() - steps);
            if (minutes > 0) {
                left = Math.max(0, Math.min(left, minutes - elapsed));
            }
            parts.add("ETA " + clock(left));
        }
        if (view.samplesPerSecond() > 0) {
            parts.add(String.format(Locale.ROOT, "%.0f samples/s", view.samplesPerSecond()));
        }
        for (Head head : view.heads()) {
            parts.add(String.format(Locale.ROOT, "%s %.3f", head.name(), head.loss()));
        }
        parts.add(view.heads().stream()
                .map(head -> String.format(Locale.ROOT, "%.1f", 100 * head.accuracy()))
                .collect(Collectors.joining("/", "accuracy ", " %")));
        if (view.samplesPerSecond() > 0) {
            parts.add(String.format(Locale.ROOT, "%.0f tokens/s", view.tokensPerSecond()));
        }
        return fitting(parts, screen.isTerminal() ? screen.columns() - 1 : Integer.MAX_VALUE);
    }

    private static String fitting(List<String> parts, int columns) {
        StringBuilder line = new StringBuilder(parts.get(0));
        for (String part : parts.subList(1, parts.size())) {
            if (line.length() + 1 + part.length() > columns) {
                break;
            }
            line.append(' ').append(part);
        }
        return line.toString();
    }

    private static String clock(double minutes) {
        long seconds = Math.round(minutes * 60);
        return seconds >= 3600
                ? String.format(Locale.ROOT, "%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60)
                : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
    }

    @Override
    public void onCheckpoint(Path checkpoint, long steps) {
        if (!screen.isTerminal()) {
            screen.println("checkpoint after step " + steps + ": " + checkpoint);
        }
    }

    @Override
    public void onNote(String note) {
        screen.println("flm: " + note);
    }
}
