package io.flm.data;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * {@code flm.data}: which samples, and what becomes of them before the model sees them.
 *
 * @param holdOut the share of the samples of {@code paths} that is never trained on
 * @param maxTokens the longest row, special tokens included
 * @param beginToken whether {@code </s>} follows {@code <s>}
 * @param groupWindow micro-batches of a lane that are sorted by length together
 * @param badSampleRate the share of the source's samples that may be bad
 * @param prefetch steps ready ahead
 * @param cacheBytes decoded pictures kept in memory
 * @param pictures what a picture is
 */
public record DataSettings(
        List<Path> paths,
        List<Path> evalPaths,
        double holdOut,
        Path tokenizer,
        int maxTokens,
        boolean beginToken,
        Captions captions,
        int groupWindow,
        double badSampleRate,
        int decodeThreads,
        int prefetch,
        long cacheBytes,
        PictureSettings pictures,
        Augmentation augmentation) {

    /** Which of a sample's captions is read. */
    public enum Captions {
        RANDOM,
        FIRST
    }

    private enum Background {
        WHITE(255),
        BLACK(0);

        private final int value;

        Background(int value) {
            this.value = value;
        }
    }

    /** Reads and checks {@code flm.data}; paths are taken as they stand. */
    public static DataSettings from(Config root) {
        Config c = root.getConfig("flm.data");
        return new DataSettings(
                c.getStringList("paths").stream().map(Path::of).toList(),
                c.getStringList("eval-paths").stream().map(Path::of).toList(),
                Split.training(c.getDouble("hold-out")).share(),
                Path.of(c.getString("tokenizer")),
                atLeast("max-tokens", c.getInt("max-tokens"), 4),
                c.getBoolean("begin-token"),
                oneOf("captions", c.getString("captions"), Captions.class),
                atLeast("group-window", c.getInt("group-window"), 1),
                between("bad-sample-rate", c.getDouble("bad-sample-rate"), 0, 1),
                atLeast("decode-threads", c.getInt("decode-threads"), 1),
                atLeast("prefetch", c.getInt("prefetch"), 1),
                c.getBytes("cache-size"),
                PictureSettings.from(root),
                new Augmentation(
                        between("augment.rotate-degrees", c.getDouble("augment.rotate-degrees"), 0, 180),
                        between("augment.scale", c.getDouble("augment.scale"), 1, 10),
                        between("augment.shift", c.getDouble("augment.shift"), 0, 1),
                        oneOf("augment.background", c.getString("augment.background"), Background.class).value));
    }

    /** How many of so many samples may be bad before a run stops. */
    public double mostBad(long samples) {
        return BadShare.most(samples, badSampleRate);
    }

    /** The same with another bound on the decoded pictures that are kept. */
    public DataSettings withCacheBytes(long bytes) {
        return new DataSettings(
                paths,
                evalPaths,
                holdOut,
                tokenizer,
                maxTokens,
                beginToken,
                captions,
                groupWindow,
                badSampleRate,
                decodeThreads,
                prefetch,
                bytes,
                pictures,
                augmentation);
    }

    private static int atLeast(String key, int value, int least) {
        if (value < least) {
            throw new UserException("flm.data." + key + " = " + value + ": must be at least " + least);
        }
        return value;
    }

    private static double between(String key, double value, double least, double most) {
        if (!(value >= least && value <= most)) { // NaN, too
            throw new UserException("flm.data." + key + " = " + value + ": must be between " + least + " and " + most);
        }
        return value;
    }

    private static <E extends Enum<E>> E oneOf(String key, String value, Class<E> type) {
        for (E constant : type.getEnumConstants()) {
            if (constant.name().toLowerCase(Locale.ROOT).equals(value)) {
                return constant;
            }
        }
        throw new UserException("flm.data." + key + " = " + value + ": must be one of "
                + Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT));
    }
}
