package io.flm.launch.report;

import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.data.PlainText;
import io.flm.worker.AsyncTrainer.Shares;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A run for a reader: what it does and why, how far and how fast, then a table of its workers. */
public final class StatusText {
    private static final List<String> COLUMNS =
            List.of("WORKER", "NODE", "DEVICE", "STATE", "RANK", "LANES", "MS/LANE", "STEPS", "WHY");

    private StatusText() {}

    /** @param page where a browser shows the same; empty: not known */
    public static String of(RunView run, Optional<String> page) {
        List<String> lines = new ArrayList<>();
        lines.add((run.run().isEmpty() ? "no run" : "run " + run.run()) + ": "
                + (run.endedEarly() ? "stopped" : run.state()) + ": " + run.reason());
        if (!run.run().isEmpty()) {
            progress(run, lines);
        }
        run.notes().forEach(note -> lines.add("note: " + note));
        page.ifPresent(address -> lines.add("page: " + address));
        if (!run.workers().isEmpty()) {
            lines.add("");
            table(run.workers(), lines);
        }
        return lines.stream().map(line -> PlainText.of(line) + "\n").collect(Collectors.joining());
    }

    private static void progress(RunView run, List<String> lines) {
        StringBuilder steps = new StringBuilder(format("step %,d of %,d", run.step(), run.totalSteps()));
        if (run.loss() != null) {
            steps.append(format(", loss %.3f", run.loss()));
        }
        run.heads()
                .forEach(head ->
                        steps.append(format(", %s %.3f (%.1f %%)", head.name(), head.loss(), 100 * head.accuracy())));
        lines.add(steps.toString());
        MeasuredRatesText.of(run.heads()).ifPresent(lines::add);
        if (run.samplesPerSecond() > 0) {
            Shares shares = run.timeShares();
            lines.add(format("%,.0f samples/s, %,.0f tokens/s", run.samplesPerSecond(), run.tokensPerSecond())
                    + (shares == null
                            ? ""
                            : format(
                                    "; time: data %.0f %%, compute %.0f %%, exchange %.0f %%, optimizer %.0f %%",
                                    100 * shares.data(),
                                    100 * shares.compute(),
                                    100 * shares.exchange(),
                                    100 * shares.optimizer())));
        }
        if (run.secondsLeft() != null) {
            lines.add(clock(run.secondsLeft()) + " left");
        }
        if (run.generation() > 0) {
            lines.add("generation " + run.generation());
        }
        RunView.CheckpointView checkpoint = run.checkpoint();
        if (checkpoint != null) {
            lines.add(format(
                    "checkpoint of step %,d: %s (%s)", checkpoint.step(), checkpoint.path(), checkpoint.worker()));
        }
        if (run.weightsSha256() != null) {
            lines.add("weights, SHA-256: " + run.weightsSha256());
        }
    }

    private static String clock(double seconds) {
        long left = Math.round(seconds);
        return left >= 3600
                ? format("%d:%02d:%02d", left / 3600, left / 60 % 60, left % 60)
                : format("%d:%02d", left / 60, left % 60);
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static void table(List<WorkerView> workers, List<String> lines) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(COLUMNS);
        workers.forEach(worker -> rows.add(Stream.of(
                        worker.name(),
                        worker.node(),
                        worker.device(),
                        worker.state(),
                        worker.rank() < 0 ? "-" : String.valueOf(worker.rank()),
                        worker.lanes().isEmpty() ? "-" : worker.lanes(),
                        worker.laneMs() > 0 ? format("%.1f", worker.laneMs()) : "-",
                        format("%,d", worker.steps()),
                        worker.reason())
                .map(PlainText::of) // before it is measured
                .toList()));
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < COLUMNS.size(); column++) {
                String cell = row.get(column);
                int at = column;
                int width =
                        rows.stream().mapToInt(r -> r.get(at).length()).max().orElse(0);
                line.append(cell).append(" ".repeat(width - cell.length() + 2));
            }
            lines.add(line.toString().stripTrailing());
        }
    }
}
