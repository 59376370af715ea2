package io.flm.launch;

import io.flm.coordinator.RunView;
import io.flm.coordinator.RunView.WorkerView;
import io.flm.worker.Trainee.Shares;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A run for a reader: what it does and why, how far and how fast, then a table of its workers. */
final class StatusText {
    private static final List<String> COLUMNS =
            List.of("WORKER", "NODE", "DEVICE", "STATE", "RANK", "LANES", "MS/LANE", "STEPS", "WHY");

    private StatusText() {}

    static String of(RunView run) {
        StringBuilder text = new StringBuilder();
        text.append(run.run().isEmpty() ? "no run" : "run " + run.run())
                .append(": ")
                .append(run.state())
                .append(": ")
                .append(run.reason())
                .append('\n');
        if (!run.run().isEmpty()) {
            progress(run, text);
        }
        run.notes().forEach(note -> text.append("note: ").append(note).append('\n'));
        if (!run.workers().isEmpty()) {
            text.append('\n');
            table(run.workers(), text);
        }
        return text.toString();
    }

    private static void progress(RunView run, StringBuilder text) {
        text.append(String.format(Locale.ROOT, "step %,d of %,d", run.step(), run.totalSteps()));
        if (run.loss() != null) {
            text.append(String.format(Locale.ROOT, ", loss %.3f", run.loss()));
        }
        run.heads()
                .forEach(head -> text.append(String.format(
                        Locale.ROOT, ", %s %.3f (%.1f %%)", head.name(), head.loss(), 100 * head.accuracy())));
        text.append('\n');
        if (run.samplesPerSecond() > 0) {
            text.append(String.format(
                    Locale.ROOT, "%,.0f samples/s, %,.0f tokens/s", run.samplesPerSecond(), run.tokensPerSecond()));
            Shares shares = run.timeShares();
            if (shares != null) {
                text.append(String.format(
                        Locale.ROOT,
                        "; time: data %.0f %%, compute %.0f %%, exchange %.0f %%, optimizer %.0f %%",
                        100 * shares.data(),
                        100 * shares.compute(),
                        100 * shares.exchange(),
                        100 * shares.optimizer()));
            }
            text.append('\n');
        }
        if (run.generation() > 0) {
            text.append("generation ").append(run.generation()).append('\n');
        }
        RunView.CheckpointView checkpoint = run.checkpoint();
        if (checkpoint != null) {
            text.append(String.format(
                    Locale.ROOT,
                    "checkpoint of step %,d: %s (%s)%n",
                    checkpoint.step(),
                    checkpoint.path(),
                    checkpoint.worker()));
        }
        if (run.weightsSha256() != null) {
            text.append("weights, SHA-256: ").append(run.weightsSha256()).append('\n');
        }
    }

    private static void table(List<WorkerView> workers, StringBuilder text) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(COLUMNS);
        workers.forEach(worker -> rows.add(List.of(
                worker.name(),
                worker.node(),
                worker.device(),
                worker.state(),
                worker.rank() < 0 ? "-" : String.valueOf(worker.rank()),
                worker.lanes().isEmpty() ? "-" : worker.lanes(),
                worker.laneMs() > 0 ? String.format(Locale.ROOT, "%.1f", worker.laneMs()) : "-",
                String.format(Locale.ROOT, "%,d", worker.steps()),
                worker.reason())));
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int column = 0; column < COLUMNS.size(); column++) {
                String cell = row.get(column);
                int at = column;
                int width =
                        rows.stream().mapToInt(r -> r.get(at).length()).max().orElse(0);
                line.append(cell).append(" ".repeat(width - cell.length() + 2));
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
    }
}
