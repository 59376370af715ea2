package io.flm.launch.report;

import com.typesafe.config.Config;
import io.flm.data.DataSettings;
import io.flm.data.TokenizerKind;
import io.flm.launch.report.SampleSheets.Example;
import io.flm.worker.objective.Objective;
import io.flm.worker.train.TrainSettings;
import java.util.List;
import java.util.Locale;

/** How a run with these settings reads texts, in sentences: for the page and the report of {@code flm data inspect}. */
public final class InputDescription {
    private InputDescription() {}

    static String ofTexts(DataSettings settings, TokenizerKind kind) {
        return String.format(
                Locale.ROOT,
                "A text loses the dots and spaces at its end, gets one dot, and stands between %s and %s; at most %d tokens"
                        + " in all.",
                settings.beginToken() ? kind.start() + " " + kind.end() : kind.start(),
                kind.end(),
                settings.maxTokens());
    }

    static String ofSpans(Config config) {
        Objective objective = TrainSettings.from(config).objective();
        double training = config.getDouble("flm.train.span-rate");
        double evaluation = config.getDouble("flm.evaluate.span-rate");
        String shown = String.format(
                Locale.ROOT,
                "Spans are shown at rate %.2f, which is training's (flm.train.span-rate): a span hides that share of what a"
                        + " token sees, its own place at least. Evaluation hides %.2f (flm.evaluate.span-rate).",
                training,
                evaluation);
        return objective.parts().reconstructor()
                ? shown
                : shown + " Objective " + objective.key() + " has no spans: the page shows those of flm.";
    }

    /** A caption beside its row. */
    public static String example(Example example) {
        return example.caption() + " -> " + String.join(" ", example.tokens());
    }

    public static List<String> sentences(DataSettings settings, TokenizerKind kind, Config config) {
        return List.of(ofTexts(settings, kind), ofSpans(config));
    }
}
