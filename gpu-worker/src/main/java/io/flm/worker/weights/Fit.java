package io.flm.worker.weights;

import io.flm.data.UserException;
import io.flm.worker.checkpoint.FlatFloats;
import io.flm.worker.checkpoint.FloatValues;
import io.flm.worker.model.PositionTable;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/**
 * How the values of a tensor become those of the model's: as they are, or of a table of other rows. What else differs in shape is
 * refused.
 */
final class Fit {
    /** A row is a token: those that are new begin as the mean of all. */
    private static final Pattern VOCABULARY =
            Pattern.compile(".*word_embeddings\\.weight|m?lm_score\\.(decoder\\.weight|bias)");

    /** A row is a position in a text, or a kind of input: the first ones are of use alone. */
    private static final Pattern FIRST_ROWS =
            Pattern.compile(".*position_embeddings\\.weight|.*token_type_embeddings\\.weight");

    private static final Pattern POSITIONS = Pattern.compile(".*position_embeddings\\.weight");
    private static final String GRID = "vit_model.visual.positional_embedding";
    private static final int MOST_GRID_ROWS = 1 + 128 * 128; // the class, and patches
    private static final int CHUNK_FLOATS = 1 << 18;

    private enum Way {
        AS_IT_IS,
        GRID,
        /** As many rows as both have. */
        ROWS,
        /** Its rows, then new ones that are their mean. */
        EXTENDED
    }

    private final TensorFile file;
    private final TensorFile.Entry from;
    private final long offset; // of its first value in the model's tensor
    private final long[] shape; // of what it fills
    private final Way way;
    private final String note;

    private Fit(TensorFile file, TensorFile.Entry from, long offset, long[] shape, Way way, String note) {
        this.file = file;
        this.from = from;
        this.offset = offset;
        this.shape = shape;
        this.way = way;
        this.note = note;
    }

    /**
     * @param target the shape of the model's tensor
     * @throws UserException where the values are none, or have no place there
     */
    static Fit of(TensorFile file, TensorFile.Entry from, Place place, long[] target) {
        if (!FloatValues.isFloat(from.type())) {
            throw new UserException(file.path() + ": " + from + " holds no floats of 16, 32 or 64 bits, as "
                    + place.name() + " needs; give weights that are not quantized");
        }
        long[] shape = target.clone();
        shape[0] = target[0] / place.parts();
        long row = target[0] == 0 ? 0 : size(target) / target[0];
        long offset = place.part() * shape[0] * row;
        long[] its = from.shape();
        if (Arrays.equals(its, shape)) {
            return new Fit(file, from, offset, shape, Way.AS_IT_IS, note(place));
        }
        boolean otherRows = its.length == shape.length
                && Arrays.equals(its, 1, its.length, shape, 1, shape.length)
                && its.length > 0
                && its[0] > 0;
        if (otherRows && place.name().equals(GRID)) {
            int width = (int) shape[1];
            int grid = grid(file, from, width);
            int side = PositionTable.side(size(shape), width);
            String how = "grid of " + grid + " x " + grid + " to " + side + " x " + side + ", bicubic";
            return new Fit(file, from, offset, shape, Way.GRID, how);
        }
        if (otherRows && VOCABULARY.matcher(place.name()).matches()) {
            String how = its[0] < shape[0]
                    ? (shape[0] - its[0]) + " new rows as the mean of its " + its[0]
                    : "the first " + shape[0] + " rows of " + its[0];
            return new Fit(file, from, offset, shape, its[0] < shape[0] ? Way.EXTENDED : Way.ROWS, how);
        }
        boolean fewer = otherRows && its[0] > shape[0];
        if (otherRows
                && FIRST_ROWS.matcher(place.name()).matches()
                && (fewer || POSITIONS.matcher(place.name()).matches())) {
            String how = fewer
                    ? "the first " + shape[0] + " rows of " + its[0]
                    : (shape[0] - its[0]) + " rows behind its " + its[0] + " as initialised";
            return new Fit(file, from, offset, shape, Way.ROWS, how);
        }
        throw new UserException(file.path() + ": " + from + " does not fit " + place.name() + " "
                + Arrays.toString(target) + " of this model" + (place.parts() > 1 ? ", of which it is a part" : "")
                + "; set the sizes of flm.model to those of the weights, or give others");
    }

    /** Patches along a side of the grid of a file. */
    private static int grid(TensorFile file, TensorFile.Entry from, int width) {
        if (from.shape()[0] > MOST_GRID_ROWS) { // any number of rows may be a view of one
            throw new UserException(file.path() + ": " + from + " has more than " + MOST_GRID_ROWS
                    + " rows, which no position table has; give other weights");
        }
        try {
            return PositionTable.side(from.count(), width);
        } catch (UserException e) {
            throw new UserException(file.path() + ": " + e.getMessage(), e);
        }
    }

    private static String note(Place place) {
        return place.parts() > 1 ? "part " + (place.part() + 1) + " of " + place.parts() : "";
    }

    private static long size(long[] shape) {
        long size = 1;
        for (long extent : shape) {
            size *= extent;
        }
        return size;
    }

    /** Where it begins in the model's tensor. */
    long offset() {
        return offset;
    }

    boolean isResized() {
        return way != Way.AS_IT_IS;
    }

    /** What was made of it, for people; empty: nothing. */
    String how() {
        return note;
    }

    /** Gives the values, from {@code start} on, which is where the model's tensor begins. */
    void copy(long start, FlatFloats.Sink into) {
        long to = start + offset;
        int row = (int) (size(shape) / Math.max(1, shape[0]));
        switch (way) {
            case AS_IT_IS -> copy(from.count(), to, into, values -> {});
            case GRID -> grid(to, into);
            case ROWS -> copy(Math.min(from.shape()[0], shape[0]) * row, to, into, values -> {});
            case EXTENDED -> {
                Mean mean = new Mean(row);
                copy(from.count(), to, into, mean);
                FloatBuffer values = mean.of(from.shape()[0]);
                for (long i = from.shape()[0]; i < shape[0]; i++) {
                    into.write(to + i * row, values.duplicate());
                }
            }
        }
    }

    private void copy(long count, long to, FlatFloats.Sink into, Consumer<FloatBuffer> seen) {
        FloatBuffer chunk = FloatBuffer.allocate((int) Math.min(count, CHUNK_FLOATS));
        for (long done = 0; done < count; done += chunk.limit()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), count - done));
            file.read(from.name(), done, chunk);
            requireNumbers(chunk.flip());
            seen.accept(chunk);
            into.write(to + done, chunk.duplicate());
        }
    }

    /** Of rows that come in pieces. */
    private static final class Mean implements Consumer<FloatBuffer> {
        private final double[] sums;
        private long seen;

        private Mean(int width) {
            sums = new double[width];
        }

        @Override
        public void accept(FloatBuffer values) {
            for (int i = 0; i < values.limit(); i++) {
                sums[(int) (seen++ % sums.length)] += values.get(i);
            }
        }

        private FloatBuffer of(long rows) {
            FloatBuffer mean = FloatBuffer.allocate(sums.length);
            for (double sum : sums) {
                mean.put((float) (sum / rows));
            }
            return mean.flip();
        }
    }

    private void grid(long to, FlatFloats.Sink into) {
        float[] table = new float[(int) from.count()];
        file.read(from.name(), 0, FloatBuffer.wrap(table));
        requireNumbers(FloatBuffer.wrap(table));
        int width = (int) shape[1];
        into.write(to, FloatBuffer.wrap(PositionTable.resized(table, width, PositionTable.side(size(shape), width))));
    }

    /** With other values every loss is NaN, for which settings or samples would be blamed. */
    private void requireNumbers(FloatBuffer values) {
        for (int i = 0; i < values.limit(); i++) {
            if (!Float.isFinite(values.get(i))) {
                throw new UserException(file.path() + ": " + from + " holds " + values.get(i)
                        + ", with which no loss is a number; give other weights");
            }
        }
    }
}
