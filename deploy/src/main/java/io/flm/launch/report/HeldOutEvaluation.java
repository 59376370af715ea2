package io.flm.launch.report;

import com.typesafe.config.Config;
import io.flm.data.RemotePath;
import io.flm.data.Split;
import io.flm.data.WriteErrors;
import io.flm.launch.console.Screen;
import io.flm.launch.console.Waiting;
import io.flm.launch.html.EvaluationPage;
import io.flm.launch.run.RunFiles;
import io.flm.worker.evaluate.Figure;
import io.flm.worker.evaluate.Figure.Absent;
import io.flm.worker.evaluate.Figure.Measured;
import io.flm.worker.evaluate.HeldOutData;
import io.flm.worker.evaluate.Report;
import io.flm.worker.evaluate.TrainedModel;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** Evaluates a checkpoint, tells the figures, writes the page: {@code flm evaluate} and the end of {@code flm pretrain}. */
public final class HeldOutEvaluation {
    private final Screen screen;
    private final LongSupplier nanoTime;

    /** Writes a page: to a file that the user named, or to one of a run's folder. */
    @FunctionalInterface
    public interface PageWriting {
        void write(Path file, String page) throws IOException;
    }

    public HeldOutEvaluation(Screen screen, LongSupplier nanoTime) {
        this.screen = screen;
        this.nanoTime = nanoTime;
    }

    /**
     * Runs it on this thread.
     *
     * @param overrides settings that differ from those of the checkpoint
     * @param heldOut data; none: those that the settings name
     * @param html where the page goes; null: none
     * @param writing how the page is written there
     */
    public Report run(
            Path runOrCheckpoint, Config overrides, List<Path> heldOut, @Nullable Path html, PageWriting writing) {
        try (Waiting waiting = Waiting.shown(screen, "loading the model");
                TrainedModel model = TrainedModel.load(runOrCheckpoint, overrides, screen::say)) {
            long startedAt = nanoTime.getAsLong();
            Report report = model.evaluate(
                    heldOut,
                    (share, doing) ->
                            waiting.on(String.format(Locale.ROOT, "evaluating: %3.0f %% (%s)", 100 * share, doing)));
            waiting.on("writing the page");
            tell(report, (nanoTime.getAsLong() - startedAt) / 1e9);
            if (html != null) {
                write(html, page(model, report, heldOut), writing);
                screen.say("page: " + html);
            }
            return report;
        }
    }

    private void tell(Report report, double seconds) {
        screen.say(String.format(
                Locale.ROOT,
                "%,d held-out samples in %.0f s; beside each figure what chance or the text alone gives",
                report.samples(),
                seconds));
        screen.say(asked(report));
        for (Figure figure : report.figures()) {
            screen.println(
                    String.format(Locale.ROOT, "  %-24s %s", figure.metric().title(), told(figure)));
        }
    }

    /** How much each kind of figure is of, and how hard it was made. */
    static String asked(Report report) {
        List<String> asked = new ArrayList<>();
        boolean tokens = report.figures().stream()
                .anyMatch(figure ->
                        figure instanceof Measured && figure.metric().key().startsWith("token"));
        if (tokens) {
            asked.add(percent(report.spanRate()) + " % of the context is hidden for token loss and accuracy");
        }
        if (report.pools() > 0) {
            asked.add(String.format(
                    Locale.ROOT,
                    "names and pictures are found in %d pool%s of %d",
                    report.pools(),
                    report.pools() == 1 ? "" : "s",
                    report.poolSize()));
        }
        if (report.captions() > 0) {
            asked.add(String.format(Locale.ROOT, "captions are of %,d pictures", report.captions()));
        }
        return asked.isEmpty() ? "its objective gives no figure" : String.join("; ", asked);
    }

    private static String percent(double share) {
        return BigDecimal.valueOf(share).movePointRight(2).stripTrailingZeros().toPlainString();
    }

    private static String told(Figure figure) {
        if (figure instanceof Measured m) {
            return switch (m.metric().unit()) {
                case NATS -> String.format(Locale.ROOT, "%-6.3f   (%.3f)", m.value(), m.prior());
                case SHARE -> String.format(Locale.ROOT, "%-6.1f %% (%.1f %%)", 100 * m.value(), 100 * m.prior());
            };
        }
        return "-            " + ((Absent) figure).why();
    }

    private static String page(TrainedModel model, Report report, List<Path> heldOut) {
        Path checkpoint = model.checkpoint().folder().toAbsolutePath().normalize();
        Path run = RunFiles.runOf(checkpoint);
        Config config = model.config();
        Map<String, String> facts = new LinkedHashMap<>();
        String setting = report.objective().setting();
        facts.put("objective", report.objective().key() + (setting.isEmpty() ? "" : ", " + setting));
        facts.put("parameters", String.format(Locale.ROOT, "%,d", model.parameterCount()));
        facts.put(
                "trained",
                String.format(
                        Locale.ROOT,
                        "%,d steps of %,d samples",
                        model.checkpoint().step(),
                        config.getLong("flm.train.lanes") * config.getLong("flm.train.micro-batch")));
        facts.put("seed", String.valueOf(config.getLong("flm.train.seed")));
        facts.put("held out", heldOut.isEmpty() ? names(HeldOutData.of(config)) : names(heldOut));
        facts.put("weights, SHA-256", model.checkpoint().weightsSha256().substring(0, 16) + "…");
        String title = String.format(
                Locale.ROOT,
                "%s, step %,d",
                Objects.requireNonNullElse(run, checkpoint).getFileName(),
                model.checkpoint().step());
        return EvaluationPage.of(title, facts, report, run == null ? null : run.resolve("metrics.jsonl"));
    }

    private static String names(HeldOutData data) {
        String share =
                data.split().equals(Split.SCORED) ? "" : percent(data.split().share()) + " % of ";
        return share + names(data.paths());
    }

    private static String names(List<Path> paths) {
        return String.join(", ", paths.stream().map(RemotePath::lastPart).toList());
    }

    private static void write(Path file, String page, PageWriting writing) {
        try {
            writing.write(file, page);
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "give the page another --html");
        }
    }
}
