package io.flm.worker.weights;

import io.flm.data.UserException;
import io.flm.worker.checkpoint.TensorType;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Named tensors of a file, or of several that belong together, opened. Values are read as they are asked for, so a file may be
 * larger than memory. All errors are {@link UserException}s that name the file.
 */
public interface TensorFile extends AutoCloseable {
    /**
     * A tensor as its file describes it.
     *
     * @param shape empty for a scalar
     */
    record Entry(String name, TensorType type, long[] shape) {
        /** The number of values. */
        public long count() {
            long count = 1;
            for (long extent : shape) {
                count *= extent;
            }
            return count;
        }

        /** For messages: {@code embeddings.weight F32 [120, 32]}. */
        @Override
        public String toString() {
            return name + " " + type + " " + Arrays.toString(shape);
        }
    }

    /** What was opened, for messages. */
    Path path();

    /** All tensors by name. */
    Map<String, Entry> tensors();

    /** The tensor of this name; a {@link UserException} if there is none. */
    default Entry tensor(String name) {
        Entry entry = tensors().get(name);
        if (entry == null) {
            throw new UserException(path() + ": no tensor " + name + " among its "
                    + tensors().size() + "; is it a file of this model?");
        }
        return entry;
    }

    /** What the file holds beside these tensors, a few words each. */
    List<String> beside();

    /** Whether the file is a program in TorchScript that has these tensors. */
    default boolean isScript() {
        return false;
    }

    /** Fills {@code into}, position to limit, from element {@code from} of a floating-point tensor, in row-major order. */
    void read(String name, long from, FloatBuffer into);

    @Override
    void close();
}
