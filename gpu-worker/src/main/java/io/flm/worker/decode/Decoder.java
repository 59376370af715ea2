package io.flm.worker.decode;

import ai.djl.ndarray.NDArray;
import io.flm.data.RandomStream;
import io.flm.data.RandomStream.Purpose;
import io.flm.worker.decode.Decoding.Beam;
import io.flm.worker.decode.Decoding.Sampling;
import io.flm.worker.model.CaptionStream;
import io.flm.worker.model.FlmModel;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Writes captions with the l2r stream, a token of all captions at a time. The stream keeps what it read ({@link CaptionStream}), so
 * a token costs the same wherever it stands. Captions that have ended leave the batch.
 */
public final class Decoder {
    /** Captions that have ended leave once so large a part of the rows has: to move the others takes time too. */
    private static final double LEAVING_SHARE = 0.25;

    private final FlmModel model;
    private final CaptionBounds bounds;

    public Decoder(FlmModel model, CaptionBounds bounds) {
        this.model = model;
        this.bounds = bounds;
    }

    /** Chooses the next token of each row of the stream. */
    @FunctionalInterface
    private interface Choice {
        /**
         * @param pictures of the rows, in order
         * @param column that the tokens come to
         */
        int[] next(CaptionStream stream, int[] pictures, int column);
    }

    /**
     * A caption for each picture.
     *
     * @param imageFeatures [B, P, W]
     * @param pictureKeys by which {@link Sampling} tells the pictures apart [B]: of the same key it has the same random numbers
     * @return each picture's tokens with start and stop, as far as it came
     */
    public int[][] write(NDArray imageFeatures, Decoding decoding, long[] pictureKeys) {
        if (decoding instanceof Beam beam) {
            return new BeamSearch(model, bounds, beam).write(imageFeatures);
        }
        if (decoding instanceof Sampling sampling) {
            return write(imageFeatures, (stream, pictures, column) -> {
                double[] draws = Arrays.stream(pictures)
                        .mapToDouble(picture -> draw(sampling.seed(), pictureKeys[picture], column))
                        .toArray();
                return stream.drawn(draws, sampling.temperature(), sampling.topP());
            });
        }
        return greedy(imageFeatures);
    }

    private static double draw(long seed, long pictureKey, int column) {
        return RandomStream.of(seed, Purpose.SAMPLING, pictureKey, column).nextDouble();
    }

    /** Takes the likeliest token, again and again. */
    public int[][] greedy(NDArray imageFeatures) {
        return write(imageFeatures, (stream, pictures, column) -> stream.best());
    }

    private int[][] write(NDArray imageFeatures, Choice choice) {
        int count = (int) imageFeatures.getShape().get(0);
        int[][] captions = new int[count][];
        Arrays.fill(captions, bounds.start());
        int[] pictures = IntStream.range(0, count).toArray(); // of the stream's rows
        int left = count;
        try (CaptionStream stream = model.captionStream(imageFeatures, 1, bounds.maxLength())) {
            stream.begin(bounds.start());
            for (int column = bounds.start().length; column < bounds.maxLength() && left > 0; column++) {
                if (column > bounds.start().length) {
                    if (left <= (1 - LEAVING_SHARE) * pictures.length) {
                        int[] kept = open(captions, pictures);
                        stream.keep(kept);
                        int[] all = pictures;
                        pictures = Arrays.stream(kept).map(row -> all[row]).toArray();
                    }
                    stream.read(newest(captions, pictures));
                }
                int[] next = choice.next(stream, pictures, column);
                for (int row = 0; row < pictures.length; row++) {
                    int picture = pictures[row];
                    if (isOpen(captions[picture])) {
                        captions[picture] = Arrays.copyOf(captions[picture], column + 1);
                        captions[picture][column] = next[row];
                        left -= bounds.ends(next[row]) ? 1 : 0;
                    }
                }
            }
        }
        return captions;
    }

    private int[] open(int[][] captions, int[] pictures) {
        return IntStream.range(0, pictures.length)
                .filter(row -> isOpen(captions[pictures[row]]))
                .toArray();
    }

    private boolean isOpen(int[] caption) {
        return caption.length == bounds.start().length || !bounds.ends(caption[caption.length - 1]);
    }

    /** What each row is read on with: an ended caption's last token, for nothing. */
    private static int[] newest(int[][] captions, int[] pictures) {
        return Arrays.stream(pictures)
                .map(picture -> captions[picture][captions[picture].length - 1])
                .toArray();
    }
}
