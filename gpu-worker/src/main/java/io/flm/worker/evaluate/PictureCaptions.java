package io.flm.worker.evaluate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.flm.data.FileErrors;
import io.flm.data.Pictures;
import io.flm.data.Sample;
import io.flm.data.Sha256;
import io.flm.data.SmallFile;
import io.flm.data.TextBatch;
import io.flm.data.UserException;
import io.flm.worker.decode.CaptionBounds;
import io.flm.worker.decode.Decoder;
import io.flm.worker.decode.Decoding;
import io.flm.worker.model.FlmModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/** Writes captions of picture files: {@code flm caption}. */
public final class PictureCaptions {
    private static final int MOST_PICTURE_BYTES = 512 << 20;

    /**
     * What a model says of a picture.
     *
     * @param logProbability natural logarithm of the caption's probability, its end included
     */
    public record Caption(Path image, String text, double logProbability) {}

    private final FlmModel model;
    private final CaptionFormat format;
    private final Pictures pictures;
    private final int batch;

    /** @param batch pictures at a time */
    PictureCaptions(FlmModel model, CaptionFormat format, Pictures pictures, int batch) {
        this.model = model;
        this.format = format;
        this.pictures = pictures;
        this.batch = batch;
    }

    /** Parameters are those of {@link TrainedModel#caption}. */
    void write(
            List<Path> images,
            Decoding decoding,
            int maxTokens,
            Consumer<Caption> captions,
            Consumer<UserException> unreadable) {
        CaptionBounds bounds = format.bounds(maxTokens);
        for (int from = 0; from < images.size(); from += batch) {
            List<Path> read = new ArrayList<>();
            List<byte[]> pixels = new ArrayList<>();
            for (Path image : images.subList(from, Math.min(from + batch, images.size()))) {
                try {
                    pixels.add(pixels(image));
                    read.add(image);
                } catch (UserException e) {
                    unreadable.accept(e);
                }
            }
            if (!read.isEmpty()) {
                written(read, pixels, decoding, bounds).forEach(captions);
            }
        }
    }

    private List<Caption> written(List<Path> images, List<byte[]> pixels, Decoding decoding, CaptionBounds bounds) {
        long[] keys = pixels.stream().mapToLong(Sha256::key).toArray(); // the same picture has the same draws
        List<Sample> samples =
                pixels.stream().map(p -> Sample.captioned("", p, new int[0])).toList();
        try (NDManager scope = model.newScope()) {
            NDArray features = model.imageFeatures(scope, Sample.pixels(samples), samples.size());
            int[][] rows = new Decoder(model, bounds).write(features, decoding, keys);
            TextBatch text = format.leftToRight(List.of(rows));
            double[] logProbabilities = text.heads().get(0).count() == 0
                    ? new double[rows.length]
                    : model.score(text, features).get(0).ofRows(text, 0);
            return IntStream.range(0, rows.length)
                    .mapToObj(i -> new Caption(images.get(i), format.read(rows[i]), logProbabilities[i]))
                    .toList();
        }
    }

    private byte[] pixels(Path image) {
        try {
            return pictures.decode(
                    SmallFile.read(image, MOST_PICTURE_BYTES), model.settings().imageSize());
        } catch (IOException e) {
            throw new UserException(
                    image + ": cannot be read as a picture (" + FileErrors.reason(e)
                            + "); give a PNG, JPEG, WebP, GIF, BMP or TIFF file",
                    e);
        }
    }
}
