package io.flm.worker.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.Corruption;
import io.flm.data.RandomStream;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.worker.ShownSamples;
import io.flm.worker.ShownSamples.Guess;
import io.flm.worker.ShownSamples.Prediction;
import io.flm.worker.ShownSamples.Predictions;
import io.flm.worker.ShownSamples.View;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.decode.Decoder;
import io.flm.worker.evaluate.HeldOut.Example;
import io.flm.worker.model.FlmModel;
import io.flm.worker.model.ModelSettings;
import io.flm.worker.model.TargetScores;
import io.flm.worker.model.TextMasks;
import io.flm.worker.model.TextMasks.Reader;
import io.flm.worker.objective.Objective;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collections;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The held-out samples that people look at while a run trains: corrupted once as in training, in micro-batches of its size, which the
 * weights are asked about again and again. The first head's predictions are told, and where the model writes captions a greedy one.
 */
final class HeldOutShown {
    private static final int LONGEST_TOKEN = 40;

    private final Objective objective;
    private final Tokenizer tokenizer;
    private final CaptionFormat format;
    private final List<Example> examples;
    private final List<HeldOutBatch> batches; // of these, in order
    private @Nullable List<ShownSamples.Sample>
            samples; // made by the first who asks: masks want a thread of the engine

    /**
     * @param examples that are shown, at least one
     * @param microBatch samples that the model takes at once
     * @param random of what is hidden
     */
    HeldOutShown(
            List<Example> examples,
            int microBatch,
            Objective objective,
            Tokenizer tokenizer,
            TextLayout layout,
            Corruption corruption,
            RandomStream random) {
        this.examples = examples;
        this.objective = objective;
        this.tokenizer = tokenizer;
        this.format = new CaptionFormat(layout, tokenizer::decode);
        this.batches = HeldOutBatch.of(HeldOut.samples(examples), microBatch, corruption, random);
    }

    /** What the model says of them now, on a thread that is prepared for the engine. */
    ShownSamples of(FlmModel model, long steps) {
        List<ShownSamples.Sample> shown = samples(model.settings());
        List<Prediction> predictions = new ArrayList<>();
        for (HeldOutBatch batch : batches) {
            int count = batch.text().pictures().count();
            try (NDManager scope = model.newScope()) {
                NDArray features = batch.features(model, scope);
                TargetScores scores = model.score(batch.text(), features).get(0);
                List<@Nullable String> captions = captions(model, features, count);
                for (int k = 0; k < count; k++) {
                    predictions.add(prediction(batch.text(), k, scores, captions.get(k)));
                }
            }
        }
        return new ShownSamples(shown, new Predictions(steps, predictions));
    }

    private List<@Nullable String> captions(FlmModel model, NDArray features, int count) {
        List<@Nullable String> captions = new ArrayList<>();
        if (objective.hasLeftToRightStream() && format.layout().beginToken()) {
            int longest =
                    Math.min(CaptionBounds.DEFAULT_MAX_LENGTH, model.settings().longestText());
            for (int[] row : new Decoder(model, format.bounds(longest)).greedy(features)) {
                captions.add(cut(format.read(row), ShownSamples.LONGEST));
            }
        } else {
            captions.addAll(Collections.nCopies(count, null));
        }
        return captions;
    }

    private Prediction prediction(TextBatch batch, int sample, TargetScores scores, @Nullable String caption) {
        int[] positions = batch.tokens(0).positions();
        int[] ids = batch.tokens(0).ids();
        List<Guess> guesses = new ArrayList<>();
        double sum = 0;
        int count = 0;
        for (int k = 0; k < positions.length; k++) {
            int token = positions[k] % batch.length();
            if (batch.pictures().ofRow()[positions[k] / batch.length()] == sample) {
                sum += scores.logProbs()[k];
                double probability = Math.exp(scores.logProbs()[k]);
                count++;
                if (token < ShownSamples.MOST_TOKENS) {
                    guesses.add(new Guess(
                            token,
                            piece(scores.best()[k]),
                            scores.best()[k] == ids[k],
                            Double.isFinite(probability) ? probability : 0));
                }
            }
        }
        double loss = -sum / count;
        return new Prediction(caption, Double.isFinite(loss) ? loss : null, guesses);
    }

    private synchronized List<ShownSamples.Sample> samples(ModelSettings settings) {
        List<ShownSamples.Sample> made = samples;
        if (made == null) {
            made = new ArrayList<>();
            try (TextMasks masks = new TextMasks(settings)) {
                for (HeldOutBatch batch : batches) {
                    for (int k = 0; k < batch.text().pictures().count(); k++) {
                        made.add(sample(examples.get(made.size()), batch.text(), firstRow(batch.text(), k), masks));
                    }
                }
            }
            samples = made;
        }
        return made;
    }

    private ShownSamples.Sample sample(Example example, TextBatch batch, int row, TextMasks masks) {
        TextReading reading = TextReading.of(objective.setting(), example.ids(), batch, row, tokenizer, masks);
        return new ShownSamples.Sample(
                cut(example.key(), ShownSamples.LONGEST),
                cut(example.name(), ShownSamples.LONGEST),
                TextReading.pieces(example.ids(), tokenizer).stream()
                        .limit(ShownSamples.MOST_TOKENS)
                        .map(piece -> cut(piece, LONGEST_TOKEN))
                        .toList(),
                reading.how(),
                reading.told().stream().map(reader -> view(reading, reader)).toList(),
                Base64.getEncoder().encodeToString(Png.of(Png.small(example.pixels(), ShownSamples.MOST_PIXELS))));
    }

    /** An objective may read a text several times, each time with other tokens hidden: the first time is shown. */
    private static int firstRow(TextBatch batch, int sample) {
        int row = 0;
        while (batch.pictures().ofRow()[row] != sample) {
            row++;
        }
        return row;
    }

    private static View view(TextReading reading, Reader reader) {
        int n = Math.min(reading.tokens().size(), ShownSamples.MOST_TOKENS);
        List<String> rows = new ArrayList<>();
        for (int token = 0; token < n; token++) {
            StringBuilder row = new StringBuilder();
            for (int column = 0; column < n; column++) {
                row.append(reading.mark(reader, token, column).letter());
            }
            rows.add(row.toString());
        }
        return new View(reader.name(), rows);
    }

    private String piece(int id) {
        return cut(TextReading.pieces(new int[] {id}, tokenizer).get(0), LONGEST_TOKEN);
    }

    private static String cut(String text, int longest) {
        if (text.length() <= longest) {
            return text;
        }
        return text.substring(0, Character.isHighSurrogate(text.charAt(longest - 1)) ? longest - 1 : longest) + "…";
    }
}
