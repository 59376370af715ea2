package io.flm.data;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * {@code flm.data}: which samples, and what becomes of them before the model sees them.
 *
 * @param holdOut the share of the samples of {@code paths} that is never trained on
 * @param maxTokens the longest row, special tokens included
 * @param beginToken whether {@code </s>} follows {@code <s>}
 * @param orderWindow shards among which samples are mixed; 0: all
 * @param groupWindow micro-batches of a lane that are sorted by length together
 * @param badSampleRate the share of the source's samples that may be bad
 * @param prefetch steps ready ahead
 * @param cacheBytes decoded pictures kept in memory
 * @param pictures what a picture is
 * @param remote how data on servers are read
 */
public record DataSettings(
        List<Path> paths,
        List<Path> evalPaths,
        double holdOut,
        Path tokenizer,
        int maxTokens,
        boolean beginToken,
        Captions captions,
        int orderWindow,
        int groupWindow,
        double badSampleRate,
        int decodeThreads,
        int prefetch,
        long cacheBytes,
        PictureSettings pictures,
        Augmentation augmentation,
        RemoteSettings remote) {

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

    /** Reads {@code flm.data}; paths are taken as they stand. */
    public static DataSettings from(Config root) {
        Config c = root.getConfig("flm.data");
        return new DataSettings(
                c.getStringList("paths").stream().map(Path::of).toList(),
                c.getStringList("eval-paths").stream().map(Path::of).toList(),
                Split.training(c.getDouble("hold-out")).share(),
                Path.of(c.getString("tokenizer")),
                c.getInt("max-tokens"),
                c.getBoolean("begin-token"),
                Captions.valueOf(c.getString("captions").toUpperCase(Locale.ROOT)),
                c.getInt("order-window"),
                c.getInt("group-window"),
                c.getDouble("bad-sample-rate"),
                c.getInt("decode-threads"),
                c.getInt("prefetch"),
                c.getBytes("cache-size"),
                PictureSettings.from(root),
                new Augmentation(
                        c.getDouble("augment.rotate-degrees"),
                        c.getDouble("augment.scale"),
                        c.getDouble("augment.shift"),
                        Background.valueOf(c.getString("augment.background").toUpperCase(Locale.ROOT)).value,
                        new RandAugment(c.getInt("augment.rand-operations"), c.getInt("augment.rand-magnitude"))),
                RemoteSettings.from(root));
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
                orderWindow,
                groupWindow,
                badSampleRate,
                decodeThreads,
                prefetch,
                bytes,
                pictures,
                augmentation,
                remote);
    }
}
