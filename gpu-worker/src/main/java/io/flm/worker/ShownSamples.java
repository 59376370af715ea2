package io.flm.worker;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Held-out samples that people look at while a run trains, and what the weights of a step said of them. The samples, their texts and
 * what is hidden of these stay the same as long as the run trains.
 *
 * @param samples in their order
 * @param predictions of the newest weights that were asked
 */
public record ShownSamples(List<Sample> samples, Predictions predictions) {
    /** The most samples that are shown. */
    public static final int MOST = 16;

    /** Pixels a side of their pictures, at most; a PNG of so many takes less than {@link #MOST_PICTURE_LETTERS}. */
    public static final int MOST_PIXELS = 128;

    /** Letters of a picture in Base64, at most. */
    public static final int MOST_PICTURE_LETTERS = 72 << 10;

    /** Tokens of a text that are shown: those after them are left out. */
    public static final int MOST_TOKENS = 64;

    /** Letters of a text that are told. */
    public static final int LONGEST = 400;

    public ShownSamples {
        samples = List.copyOf(samples);
    }

    /**
     * A sample.
     *
     * @param key {@code shard:key}
     * @param name its first caption
     * @param tokens of it, as people read them; the first n of at most {@link #MOST_TOKENS} [n]
     * @param how it is read, in a few words: {@code span rate 0.3}
     * @param views what the parts of the model see of it
     * @param picture PNG in Base64, of {@link #MOST_PIXELS} pixels a side at most
     */
    public record Sample(String key, String name, List<String> tokens, String how, List<View> views, String picture)
            implements WireMessage {
        public Sample {
            tokens = List.copyOf(tokens);
            views = List.copyOf(views);
        }
    }

    /**
     * What a part of the model sees of a text.
     *
     * @param reader {@code l2r}, {@code r2l}, {@code reconstructor}, {@code text}
     * @param rows for each token a letter for each column: {@link io.flm.worker.evaluate.TextReading.Mark} [n]
     */
    public record View(String reader, List<String> rows) implements WireMessage {
        public View {
            rows = List.copyOf(rows);
        }
    }

    /**
     * What weights said of the samples.
     *
     * @param step committed steps of the weights
     * @param bySample in their order
     */
    public record Predictions(long step, List<Prediction> bySample) implements WireMessage {
        public Predictions {
            bySample = List.copyOf(bySample);
        }
    }

    /**
     * What weights said of a sample.
     *
     * @param caption that the l2r stream writes for its picture, greedy; null where the model writes none
     * @param loss mean of the first head, in nats; null where it predicts nothing of it, or no number came of it
     * @param guesses of the first head, by token
     */
    public record Prediction(
            @Nullable String caption, @Nullable Double loss, List<Guess> guesses) implements WireMessage {
        public Prediction {
            guesses = List.copyOf(guesses);
        }
    }

    /**
     * A token that the first head predicts.
     *
     * @param token its place in the text
     * @param best the likeliest token there
     * @param right whether it is the text's own
     * @param probability of the text's own, in [0, 1]
     */
    public record Guess(int token, String best, boolean right, double probability) implements WireMessage {}
}
