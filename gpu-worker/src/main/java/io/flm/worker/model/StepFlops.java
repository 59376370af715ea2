package io.flm.worker.model;

import io.flm.worker.model.ModelParts.Classifier;
import java.util.List;

/**
 * How many floating point operations forward and backward of a step take: those of matrix products and of attention, two for each
 * multiplication with its addition, kernel by kernel of {@code kernels.py}. Backward makes two products of each one of forward, but one
 * of the first, whose input are pixels. Norms, softmax, look-ups and the optimizer are left out, and so is what {@code
 * flm.train.recompute} does again. A test holds this against what PyTorch's counter says of the same model; {@code docs/compare.md} has
 * the formula.
 *
 * <p>B rows, L text length, P image tokens, W image width, H hidden, V vocabulary. Counts are doubles: a long's range is not enough
 * for every model, and lengths are means.
 */
public final class StepFlops {
    /**
     * What is computed.
     *
     * @param reconstructor whether both streams and the reconstructor read the text, or one stream alone
     * @param pictures that are encoded
     * @param rows B, texts that are read
     * @param length L, the mean over rows, without pads
     * @param predictions of tokens, of all heads together
     * @param classifiers that read class vectors
     * @param classRows rows whose class vector each of them reads
     */
    public record Work(
            boolean reconstructor,
            double pictures,
            double rows,
            double length,
            double predictions,
            List<Classifier> classifiers,
            double classRows) {
        public Work {
            classifiers = List.copyOf(classifiers);
        }

        /** Without classifiers. */
        public Work(boolean reconstructor, double pictures, double rows, double length, double predictions) {
            this(reconstructor, pictures, rows, length, predictions, List.of(), 0);
        }
    }

    private static final double MULTIPLY_AND_ADD = 2;

    private final ModelSettings m;
    private final Work work;
    private final double tokens; // of all texts
    private final double streams;

    private StepFlops(ModelSettings m, Work work) {
        this.m = m;
        this.work = work;
        tokens = work.rows() * work.length();
        streams = work.reconstructor() ? 2 : 1;
    }

    /** Forward and backward. */
    public static double of(ModelSettings model, Work work) {
        StepFlops step = new StepFlops(model, work);
        return 3 * (step.forward() - step.patches()) + 2 * step.patches();
    }

    private double forward() {
        return patches() + image() + text() + fusion() + reconstructor() + head() + classifiers();
    }

    private static double product(double rows, double in, double out) {
        return MULTIPLY_AND_ADD * rows * in * out;
    }

    /** Scores, and their product with the values, of {@code rows} texts or pictures. */
    private static double attention(double rows, double queries, double keys, double width) {
        return 2 * product(rows * queries, width, keys);
    }

    private double patches() {
        double side = m.patchSize();
        return product(work.pictures() * (m.imageTokens() - 1.0), 3 * side * side, m.imageWidth());
    }

    private double image() {
        double w = m.imageWidth();
        double all = work.pictures() * m.imageTokens();
        double block = product(all, w, 3 * w)
                + attention(work.pictures(), m.imageTokens(), m.imageTokens(), w)
                + product(all, w, w)
                + 2 * product(all, w, m.mlpRatio() * w);
        return m.imageLayers() * block;
    }

    private double text() {
        return m.bottomLayers() * (selfAttention() + feedForward(streams * tokens));
    }

    private double fusion() {
        double h = m.hidden();
        double pictures = work.pictures() * m.imageTokens();
        double crossAttention = product(streams * tokens, h, h)
                + product(pictures, h, 2 * h) // keys and values are made once for both streams
                + attention(work.rows(), streams * work.length(), m.imageTokens(), h)
                + product(streams * tokens, h, h);
        return product(streams * tokens, h, h)
                + product(pictures, m.imageWidth(), h)
                + m.topLayers() * (selfAttention() + crossAttention + feedForward(streams * tokens));
    }

    private double reconstructor() {
        if (!work.reconstructor()) {
            return 0;
        }
        double h = m.hidden();
        double layer = product(tokens, h, h)
                + product(2 * tokens, h, 2 * h)
                + attention(work.rows(), work.length(), 2 * work.length(), h)
                + product(tokens, h, h)
                + feedForward(tokens);
        return product(tokens, h, h) + (m.reconstructorBottomLayers() + m.reconstructorTopLayers()) * layer;
    }

    private double head() {
        return product(work.predictions(), m.hidden(), m.hidden())
                + product(work.predictions(), m.hidden(), m.vocabulary());
    }

    /** The pooler makes class vectors of all rows, also of those that nobody reads. */
    private double classifiers() {
        double h = m.hidden();
        double all = work.classifiers().isEmpty() ? 0 : product(work.rows(), h, h);
        for (Classifier classifier : work.classifiers()) {
            double in = classifier.joined() * h;
            double predictions = work.classRows() / classifier.joined();
            all += classifier.wide()
                    ? product(predictions, in, 2 * h) + product(predictions, 2 * h, classifier.outputs())
                    : product(predictions, in, classifier.outputs());
        }
        return all;
    }

    private double selfAttention() {
        double h = m.hidden();
        return product(streams * tokens, h, 3 * h)
                + attention(streams * work.rows(), work.length(), work.length(), h)
                + product(streams * tokens, h, h);
    }

    private double feedForward(double rows) {
        return 2 * product(rows, m.hidden(), (double) m.mlpRatio() * m.hidden());
    }
}
