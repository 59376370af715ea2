package io.flm.launch.report;

import com.typesafe.config.Config;
import io.flm.data.WriteErrors;
import io.flm.launch.console.Screen;
import io.flm.launch.console.Waiting;
import io.flm.launch.html.TaskPage;
import io.flm.launch.report.HeldOutEvaluation.PageWriting;
import io.flm.launch.run.RunFiles;
import io.flm.worker.evaluate.TrainedModel;
import io.flm.worker.task.TaskFigure;
import io.flm.worker.task.TaskReport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Scores a fine-tuned model on its task, tells the figures, writes page and predictions: {@code flm evaluate}, the end of {@code flm finetune}. */
public final class TaskEvaluation {
    private final Screen screen;
    private final LongSupplier nanoTime;

    public TaskEvaluation(Screen screen, LongSupplier nanoTime) {
        this.screen = screen;
        this.nanoTime = nanoTime;
    }

    /** Files that are written; null: none. */
    public record Written(@Nullable Path html, @Nullable Path predictions, PageWriting writing) {}

    /**
     * Runs it on this thread.
     *
     * @param overrides settings that differ from those of the checkpoint
     * @param annotations files; empty, and pictures too: those that the settings name
     */
    public TaskReport run(
            Path runOrCheckpoint, Config overrides, List<Path> annotations, List<Path> pictures, Written written) {
        try (Waiting waiting = Waiting.shown(screen, "loading the model");
                TrainedModel model = TrainedModel.load(runOrCheckpoint, overrides, screen::say)) {
            long startedAt = nanoTime.getAsLong();
            TaskReport report = model.score(
                    annotations,
                    pictures,
                    (share, doing) ->
                            waiting.on(String.format(Locale.ROOT, "scoring: %3.0f %% (%s)", 100 * share, doing)));
            waiting.on("writing");
            tell(report, (nanoTime.getAsLong() - startedAt) / 1e9);
            if (written.html() != null) {
                write(written.html(), page(model, report), written.writing());
                screen.say("page: " + written.html());
            }
            TaskReport.Predictions predictions = report.predictions();
            Path file = written.predictions();
            if (file != null && predictions != null) {
                write(file, predictions.text(), written.writing());
                screen.say("predictions (" + predictions.form() + "): " + file);
            } else if (file != null) {
                screen.say(file + ": not written, there is no form of predictions for " + report.task());
            }
            return report;
        }
    }

    private static String page(TrainedModel model, TaskReport report) {
        Path checkpoint = model.checkpoint().folder().toAbsolutePath().normalize();
        Path run = RunFiles.runOf(checkpoint);
        String title = String.format(
                Locale.ROOT,
                "%s, step %,d",
                Objects.requireNonNullElse(run, checkpoint).getFileName(),
                model.checkpoint().step());
        return TaskPage.of(
                title,
                facts(model),
                report,
                model.readings(report.shown()),
                run == null ? null : run.resolve("metrics.jsonl"));
    }

    private static Map<String, String> facts(TrainedModel model) {
        Config config = model.config();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("pretrained by", config.getString("flm.train.objective"));
        facts.put(
                "from",
                config.getString("flm.checkpoint.from").isEmpty()
                        ? "random weights"
                        : config.getString("flm.checkpoint.from"));
        facts.put("parameters", String.format(Locale.ROOT, "%,d", model.parameterCount()));
        facts.put(
                "fine-tuned",
                String.format(
                        Locale.ROOT,
                        "%,d steps of %,d examples",
                        model.checkpoint().step(),
                        config.getLong("flm.train.lanes") * config.getLong("flm.train.micro-batch")));
        facts.put("seed", String.valueOf(config.getLong("flm.train.seed")));
        facts.put("weights, SHA-256", model.checkpoint().weightsSha256().substring(0, 16) + "…");
        return facts;
    }

    private void tell(TaskReport report, double seconds) {
        screen.say(String.format(
                Locale.ROOT,
                "%s: %,d examples in %.0f s; beside each figure its standard error, what the text alone gives, and the"
                        + " commonest answer",
                report.task(),
                report.examples(),
                seconds));
        for (TaskFigure figure : report.figures()) {
            screen.println(String.format(
                    Locale.ROOT,
                    "  %-24s %-8s ± %-8s (%s; %s)",
                    figure.title(),
                    shown(figure, figure.value()),
                    shown(figure, figure.standardError()),
                    shown(figure, figure.textOnly()),
                    shown(figure, figure.majority())));
        }
        report.notes().forEach(screen::say);
    }

    /** A value in the unit of its figure. */
    private static String shown(TaskFigure figure, double value) {
        if (Double.isNaN(value)) {
            return "-";
        }
        return switch (figure.unit()) {
            case SHARE -> String.format(Locale.ROOT, "%.1f %%", 100 * value);
            case NUMBER -> String.format(Locale.ROOT, "%.3f", value);
            case SECONDS -> String.format(Locale.ROOT, "%.1f s", value);
        };
    }

    private static void write(Path file, String text, PageWriting writing) {
        try {
            writing.write(file, text);
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "give it another name");
        }
    }
}
