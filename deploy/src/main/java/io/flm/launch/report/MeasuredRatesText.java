package io.flm.launch.report;

import io.flm.worker.AsyncTrainer.Head;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** The prediction and corruption rates of a run in one line: {@code predicted: rec 100.0 %; hidden of their context: rec 31.2 %}. */
public final class MeasuredRatesText {
    private MeasuredRatesText() {}

    /** Empty if no head predicts tokens, or no step was made. */
    public static Optional<String> of(List<Head> heads) {
        List<String> predicted = new ArrayList<>();
        List<String> hidden = new ArrayList<>();
        for (Head head : heads) {
            Double predictionRate = head.predictionRate();
            Double corruptionRate = head.corruptionRate();
            if (predictionRate != null && corruptionRate != null) {
                predicted.add(share(head.name(), predictionRate));
                hidden.add(share(head.name(), corruptionRate));
            }
        }
        return predicted.isEmpty()
                ? Optional.empty()
                : Optional.of("tokens predicted: " + String.join(", ", predicted) + "; hidden of their context: "
                        + String.join(", ", hidden));
    }

    private static String share(String head, double rate) {
        return String.format(Locale.ROOT, "%s %.1f %%", head, 100 * rate);
    }
}
