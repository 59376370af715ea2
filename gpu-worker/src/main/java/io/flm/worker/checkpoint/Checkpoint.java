package io.flm.worker.checkpoint;

import io.flm.data.BrokenShards;
import io.flm.data.FileErrors;
import io.flm.data.Sha256;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A checkpoint on disk whose every byte was checked when it was opened. */
public final class Checkpoint {
    static final String WEIGHTS = "weights.safetensors";
    static final String OPTIMIZER = "optimizer.safetensors";
    static final String STATE_SHA256 = StateFile.NAME + ".sha256";
    static final String FIRST_MOMENT = "exp_avg.";
    static final String SECOND_MOMENT = "exp_avg_sq.";

    private static final int MOST_STATE_BYTES = 4 << 20;
    private static final int MOST_CHECKSUM_BYTES = 1024;
    private static final int CHUNK_FLOATS = 1 << 18;

    private final Path folder;
    private final StateFile state;

    private Checkpoint(Path folder, StateFile state) {
        this.folder = folder;
        this.state = state;
    }

    /**
     * Opens the checkpoint in a folder.
     *
     * @throws UserException naming the file that is missing, cut, altered or of another program
     */
    public static Checkpoint open(Path folder) {
        try {
            byte[] bytes = SmallFile.read(folder.resolve(StateFile.NAME), MOST_STATE_BYTES);
            String expected = new String(
                    SmallFile.read(folder.resolve(STATE_SHA256), MOST_CHECKSUM_BYTES), StandardCharsets.UTF_8);
            if (!expected.equals(checksumLine(bytes))) {
                throw refused(folder, StateFile.NAME + " was altered or cut");
            }
            StateFile state = StateFile.parse(bytes);
            for (String file : List.of(WEIGHTS, OPTIMIZER)) {
                requireWhole(folder, file, state.files().get(file));
            }
            return new Checkpoint(folder, state);
        } catch (StateFile.UnusableException e) {
            throw refused(folder, StateFile.NAME + " " + e.how());
        } catch (NoSuchFileException e) {
            throw new UserException(folder + ": no whole checkpoint: no file " + e.getFile(), e);
        } catch (IOException e) {
            throw new UserException(unread(folder, e) + ": cannot be read (" + FileErrors.reason(e) + ")", e);
        }
    }

    /** The part of a checkpoint that could not be read; or what was given in the place of its folder. */
    private static String unread(Path folder, IOException e) {
        return e instanceof FileSystemException part && part.getFile() != null && Files.isDirectory(folder)
                ? part.getFile()
                : folder.toString();
    }

    /** What {@code sha256sum} prints, so that {@code sha256sum -c} checks it. */
    static String checksumLine(byte[] state) {
        return Sha256.of(state) + "  " + StateFile.NAME + "\n";
    }

    private static void requireWhole(Path folder, String name, StateFile.@Nullable Written written) throws IOException {
        Path file = folder.resolve(name);
        if (!Files.isRegularFile(file)) {
            throw refused(folder, "no regular file " + name);
        }
        long bytes = Files.size(file);
        if (written == null || bytes != written.bytes()) {
            throw refused(
                    folder, name + " has " + bytes + " bytes, not those that were written: it was cut or replaced");
        }
        if (!Sha256.of(file).equals(written.sha256())) {
            throw refused(folder, name + " was altered: its SHA-256 is not the one in " + StateFile.NAME);
        }
    }

    private static UserException refused(Path folder, String why) {
        return new UserException(folder + ": no whole checkpoint: " + why + "; use another one");
    }

    public Path folder() {
        return folder;
    }

    /** Number of committed steps, so also the next step. */
    public long step() {
        return state.step();
    }

    /** The shards that were left out, and are by whoever goes on. */
    public BrokenShards broken() {
        return state.broken();
    }

    public RunIdentity identity() {
        return state.identity();
    }

    /**
     * Checks that a tokenizer is the one that it was trained with.
     *
     * @param sha256 of the tokenizer
     * @param file where it is, for messages
     */
    public void requireTokenizer(String sha256, String file) {
        String trainedWith = identity().contents().get("tokenizer");
        if (trainedWith != null && !trainedWith.equals(sha256)) {
            throw new UserException(
                    folder + " was trained with another tokenizer than " + file + "; give that one with --tokenizer");
        }
    }

    /** Over the flat fp32 weights, little-endian, in the order of the layout. */
    public String weightsSha256() {
        return state.weightsSha256();
    }

    public Path weightsFile() {
        return folder.resolve(WEIGHTS);
    }

    /** Over the bytes of {@link #weightsFile}, as they were when it was opened. */
    public String weightsFileSha256() {
        return Objects.requireNonNull(state.files().get(WEIGHTS)).sha256();
    }

    /**
     * Checks that the weights are those of a model of this layout, numbers, and those of {@link #weightsSha256}.
     *
     * @throws UserException naming the first tensor that is not
     */
    public void requireWeights(List<TensorRange> layout) {
        MessageDigest digest = Sha256.newDigest();
        ByteBuffer bytes = ByteBuffer.allocate(CHUNK_FLOATS * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (Safetensors weights = Safetensors.open(weightsFile())) {
            requireLayout(weights, List.of(""), layout);
            List<TensorRange> inOrder = weights.tensors().values().stream() // of the file, as the digest is
                    .map(tensor -> new TensorRange(tensor.name(), 0, tensor.shape()))
                    .toList();
            copy(weights, "", inOrder, (offset, values) -> {
                bytes.clear().asFloatBuffer().put(values.duplicate());
                digest.update(bytes.limit(values.remaining() * Float.BYTES));
            });
        }
        if (!Sha256.hex(digest).equals(weightsSha256())) {
            throw refused(folder, "its weights have another SHA-256 than " + StateFile.NAME + " says");
        }
    }

    /** Reads the weights; nothing is written where names or shapes differ from the layout's. */
    public void restoreWeights(List<TensorRange> layout, FlatFloats.Sink values) {
        try (Safetensors weights = Safetensors.open(weightsFile())) {
            requireLayout(weights, List.of(""), layout);
            copy(weights, "", layout, values);
        }
    }

    /** Reads Adam's moments; nothing is written where names or shapes differ from the layout's. */
    public void restoreMoments(List<TensorRange> layout, FlatFloats.Sink first, FlatFloats.Sink second) {
        try (Safetensors moments = Safetensors.open(folder.resolve(OPTIMIZER))) {
            requireLayout(moments, List.of(FIRST_MOMENT, SECOND_MOMENT), layout);
            copy(moments, FIRST_MOMENT, layout, first);
            copy(moments, SECOND_MOMENT, layout, second);
        }
    }

    private static void requireLayout(Safetensors file, List<String> prefixes, List<TensorRange> layout) {
        Map<String, TensorInfo> unused = new HashMap<>(file.tensors());
        for (String prefix : prefixes) {
            for (TensorRange range : layout) {
                TensorInfo tensor = unused.remove(prefix + range.name());
                if (tensor == null
                        || tensor.type() != TensorType.F32
                        || !Arrays.equals(tensor.shape(), range.shape())) {
                    throw new UserException(file.file() + ": a checkpoint of another model: it has "
                            + (tensor == null ? "no " + prefix + range.name() : tensor) + ", this model "
                            + range.name() + " " + Arrays.toString(range.shape())
                            + "; use the settings that it was trained with");
                }
            }
        }
        if (!unused.isEmpty()) {
            throw new UserException(file.file() + ": a checkpoint of another model: this model has no "
                    + unused.keySet().stream().sorted().findFirst().orElseThrow()
                    + "; use the settings that it was trained with");
        }
    }

    static void copy(Safetensors from, String prefix, List<TensorRange> layout, FlatFloats.Sink into) {
        FloatBuffer chunk = FloatBuffer.allocate(CHUNK_FLOATS);
        for (TensorRange range : layout) {
            copy(from, prefix + range.name(), range, chunk, into);
        }
    }

    private static void copy(
            Safetensors from, String name, TensorRange range, FloatBuffer chunk, FlatFloats.Sink into) {
        long count = range.count();
        for (long done = 0; done < count; done += chunk.limit()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), count - done));
            from.read(name, done, chunk);
            requireUsable(from, name, chunk);
            into.write(range.offset() + done, chunk.flip());
        }
    }

    /** With other values every loss is NaN, for which settings or samples would be blamed. */
    static void requireUsable(Safetensors from, String name, FloatBuffer values) {
        boolean squares = name.startsWith(SECOND_MOMENT); // of which the optimizer takes the root
        for (int index = 0; index < values.limit(); index++) {
            float value = values.get(index);
            if (!Float.isFinite(value) || (squares && value < 0)) {
                throw new UserException(from.file() + ": " + name + " holds " + value
                        + ", with which no loss is a number; use another checkpoint, or remove this one to go on from an"
                        + " older one");
            }
        }
    }
}
