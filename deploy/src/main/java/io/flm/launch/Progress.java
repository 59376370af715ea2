package io.flm.launch;

import io.flm.data.Objective;
import io.flm.exchange.StepTotals;
import io.flm.worker.StepResult;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Shows a run to whoever waits for it: a bar on a terminal, else a line every few seconds. Losses and accuracies are means
 * over the predictions since the last time they were shown, rates likewise.
 */
final class Progress implements RunListener {
    private static final Duration ON_TERMINAL = Duration.ofMillis(250);
    private static final Duration ON_PIPE = Duration.ofSeconds(5);
    private static final int BAR_WIDTH = 16;

    private final Screen screen;
    private final LongSupplier nanoTime;
    private final double minutes;
    private final long period;

    private @Nullable Start start;
    private long startedAt;
    private long shownAt;
    private @Nullable Window window;

    /** Sums over the steps since the last time that they were shown. */
    private static final class Window {
        private final double[] lossSums;
        private final long[] correctCounts;
        private final long[] targetCounts;
        private long samples;
        private long tokens;

        private Window(int heads) {
            lossSums = new double[heads];
            correctCounts = new long[heads];
            targetCounts = new long[heads];
        }

        private void add(StepTotals totals) {
            for (int head = 0; head < lossSums.length; head++) {
                lossSums[head] += totals.lossSums()[head];
                correctCounts[head] += totals.correctCounts()[head];
                targetCounts[head] += totals.targetCounts()[head];
            }
            samples += totals.samples();
            tokens += totals.tokens();
        }
    }

    /** @param minutes the run's limit; 0: none */
    Progress(Screen screen, LongSupplier nanoTime, double minutes) {
        this.screen = screen;
        this.nanoTime = nanoTime;
        this.minutes = minutes;
        this.period = (screen.isTerminal() ? ON_TERMINAL : ON_PIPE).toNanos();
    }

    @Override
    public synchronized void onStart(Start newStart) {
        start = newStart;
        window = new Window(newStart.objective().headCount());
        startedAt = nanoTime.getAsLong();
        shownAt = startedAt;
        screen.println(String.format(
                Locale.ROOT,
                "flm: %,d parameters, objective %s, steps %d to %d from %s",
                newStart.parameterCount(),
                newStart.objective().key(),
                newStart.firstStep(),
                newStart.totalSteps(),
                newStart.origin()));
        screen.println("flm: workers: " + String.join(", ", newStart.workers()) + "; http://" + newStart.httpHost()
                + ":" + newStart.httpPort() + "/api/v1/run");
    }

    @Override
    public synchronized void onStep(StepResult result) {
        Window sums = window;
        Start of = start;
        if (sums == null || of == null) {
            throw new IllegalStateException("a step before the start");
        }
        sums.add(result.totals());
        long now = nanoTime.getAsLong();
        boolean last = result.totals().stop() || result.step() + 1 >= of.totalSteps();
        if (now - shownAt < period && !last) {
            return;
        }
        String line = line(of, sums, result.step() + 1, now);
        if (screen.isTerminal() && !last) {
            screen.status(line);
        } else {
            screen.status("");
            screen.println(line);
        }
        shownAt = now;
        window = new Window(of.objective().headCount());
    }

    private String line(Start of, Window sums, long steps, long now) {
        StringBuilder line = new StringBuilder();
        double done = (double) steps / of.totalSteps();
        double elapsed = (now - startedAt) / 60e9;
        if (minutes > 0) {
            done = Math.max(done, Math.min(1, elapsed / minutes));
        }
        line.append(String.format(Locale.ROOT, "step %d/%d ", steps, of.totalSteps()));
        if (screen.isTerminal()) {
            int full = (int) (done * BAR_WIDTH);
            line.append('[')
                    .append("#".repeat(full))
                    .append(".".repeat(BAR_WIDTH - full))
                    .append("] ");
        }
        Objective objective = of.objective();
        long correct = 0;
        long targets = 0;
        for (int head = 0; head < objective.headCount(); head++) {
            line.append(String.format(
                    Locale.ROOT,
                    "%s %.3f ",
                    objective.headName(head),
                    sums.lossSums[head] / Math.max(1, sums.targetCounts[head])));
            correct += sums.correctCounts[head];
            targets += sums.targetCounts[head];
        }
        double seconds = Math.max(1, now - shownAt) / 1e9;
        line.append(String.format(
                Locale.ROOT,
                "accuracy %.1f %% %.0f samples/s %.0f tokens/s",
                100.0 * correct / Math.max(1, targets),
                sums.samples / seconds,
                sums.tokens / seconds));
        if (steps > of.firstStep() && steps < of.totalSteps()) {
            double left = elapsed / (steps - of.firstStep()) * (of.totalSteps() - steps);
            if (minutes > 0) {
                left = Math.max(0, Math.min(left, minutes - elapsed));
            }
            line.append(" ETA ").append(clock(left));
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
