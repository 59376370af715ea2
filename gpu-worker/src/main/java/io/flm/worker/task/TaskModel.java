package io.flm.worker.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.Examples;
import io.flm.data.PictureSource;
import io.flm.data.Pictures;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.data.Sample;
import io.flm.data.SampleException;
import io.flm.data.SampleReader;
import io.flm.data.TextBatch;
import io.flm.data.TextLayout;
import io.flm.data.Tokenizer;
import io.flm.data.UserException;
import io.flm.worker.model.FlmModel;
import io.flm.worker.objective.Objective;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * A fine-tuned model as tasks ask it. It belongs to one thread.
 *
 * @param objective with which it was fine-tuned
 * @param pictures decodes
 * @param source of the pictures that are asked about
 * @param maxTokens the longest row
 * @param batch examples at a time
 * @param samples at most so many pictures of a search or of captions; 0: all
 * @param seed of what is drawn
 * @param firstStage a model with an l2r stream, whose likelihood finds the candidates of a search; null: there is none
 */
public record TaskModel(
        FlmModel model,
        Objective objective,
        TextLayout layout,
        Tokenizer tokenizer,
        Pictures pictures,
        PictureSource source,
        int maxTokens,
        int batch,
        int samples,
        long seed,
        @Nullable TaskModel firstStage) {
    private static final int MOST_DRAWS = 100; // for a picture that differs

    /** Without a first stage. */
    public TaskModel(
            FlmModel model,
            Objective objective,
            TextLayout layout,
            Tokenizer tokenizer,
            Pictures pictures,
            PictureSource source,
            int maxTokens,
            int batch,
            int samples,
            long seed) {
        this(model, objective, layout, tokenizer, pictures, source, maxTokens, batch, samples, seed, null);
    }

    /** The same, with a first stage. */
    public TaskModel withFirstStage(TaskModel first) {
        return new TaskModel(
                model, objective, layout, tokenizer, pictures, source, maxTokens, batch, samples, seed, first);
    }

    /** Reads examples one by one. */
    public SampleReader reader(Examples examples) {
        return new SampleReader(
                examples, source, tokenizer, pictures, model.settings().imageSize(), maxTokens, layout.beginToken());
    }

    /**
     * Reads some examples. One that cannot be read ends the scoring: a figure over fewer would be another figure.
     *
     * @param to after the last
     */
    public List<Sample> read(Examples examples, long from, long to) {
        SampleReader reader = reader(examples);
        List<Sample> samples = new ArrayList<>();
        for (long index = from; index < to; index++) {
            try {
                samples.add(reader.read(index));
            } catch (SampleException e) {
                throw new UserException(e.getMessage() + "; mend it, or leave it out of what is scored", e);
            } catch (IOException e) {
                throw new UserException(
                        examples.name(index) + ": cannot be read (" + e.getMessage()
                                + "); mend it, or leave it out of what is scored",
                        e);
            }
        }
        return samples;
    }

    /** The texts of an example, as they are written. */
    public List<String> texts(Examples examples, long index) {
        try {
            return examples.texts(index);
        } catch (SampleException | IOException e) {
            throw new UserException(
                    e.getMessage() + "; mend " + examples.name(index) + ", or leave it out of what is scored", e);
        }
    }

    /** What the head says of each sample, before it is made a probability [N][A]. */
    public float[][] classify(List<Sample> samples) {
        TextBatch text = objective.corruption(layout).plan(samples, RandomStream.of(seed, Purpose.CORRUPT));
        try (NDManager scope = model.newScope()) {
            NDArray features = model.imageFeatures(
                    scope, Sample.pixels(samples), text.pictures().count());
            return model.classify(text, features).get(0);
        }
    }

    /**
     * The same where each sample has the pictures of another example: what the text alone tells. Which one is drawn: neighbours in a
     * file may show one scene, or take turns in what is true.
     *
     * @param from the index of the first sample
     */
    public float[][] classifyTexts(Examples examples, long from, List<Sample> samples) {
        List<Sample> others = new ArrayList<>();
        for (int i = 0; i < samples.size(); i++) {
            Sample own = samples.get(i);
            others.add(new Sample(own.key(), otherPictures(examples, from + i), own.texts(), own.labels()));
        }
        return classify(others);
    }

    /** Of an example that shows others; its own where all show the same. */
    private List<byte[]> otherPictures(Examples examples, long of) {
        long[] own = examples.pictures(of);
        RandomStream random = RandomStream.of(seed, Purpose.FALSE_TEXTS, of);
        long other = of;
        for (int draw = 0; draw < MOST_DRAWS && Arrays.equals(examples.pictures(other), own); draw++) {
            other = random.nextInt(Math.toIntExact(examples.size()));
        }
        return read(examples, other, other + 1).get(0).pictures();
    }

    /** Examples in blocks of {@link #batch}, from where to where each. */
    public List<long[]> blocks(long count) {
        List<long[]> blocks = new ArrayList<>();
        for (long from = 0; from < count; from += batch) {
            blocks.add(new long[] {from, Math.min(count, from + batch)});
        }
        return blocks;
    }

    /** Some of {@code count} examples, evenly spread over all. */
    public static int[] spread(int count, int some) {
        int shown = Math.min(count, some);
        return IntStream.range(0, shown)
                .map(i -> (int) ((long) i * count / shown))
                .toArray();
    }

    // ---- of logits

    /** The class with the greatest value; the first of equal ones. */
    public static int best(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /** The share of a class among all, by softmax. */
    public static double share(float[] logits, int of) {
        double sum = 0;
        for (float logit : logits) {
            sum += Math.exp((double) logit - logits[of]);
        }
        return 1 / sum;
    }
}
