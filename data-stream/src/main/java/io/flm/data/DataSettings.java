package io.flm.data;

import com.typesafe.config.Config;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * {@code flm.data}: which samples, and what becomes of them before the model sees them.
 *
 * @param sources what is trained on: one source, or those of a mixture by name
 * @param holdOut the share of their samples that is never trained on
 * @param maxTokens the longest row, special tokens included
 * @param beginToken whether {@code </s>} follows {@code <s>}
 * @param orderWindow shards among which samples are mixed; 0: all
 * @param groupWindow micro-batches of a lane that are sorted by length together
 * @param badSampleRate the share of the source's samples that may be bad
 * @param prefetch steps ready ahead
 * @param cacheBytes decoded pictures kept in memory
 * @param captions which of a sample's captions is read; a source may say otherwise, as of pictures and augmentation
 * @param pictures what a picture is
 * @param remote how data on servers are read
 */
public record DataSettings(
        List<SourceSettings> sources,
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
        FIRST;

        /** @param c {@code flm.data} */
        static Captions of(Config c) {
            return valueOf(c.getString("captions").toUpperCase(Locale.ROOT));
        }
    }

    /** Reads {@code flm.data}; paths are taken as they stand. */
    public static DataSettings from(Config root) {
        Config c = root.getConfig("flm.data");
        return new DataSettings(
                SourceSettings.all(root),
                c.getStringList("eval-paths").stream().map(Path::of).toList(),
                Split.training(c.getDouble("hold-out")).share(),
                Path.of(c.getString("tokenizer")),
                c.getInt("max-tokens"),
                c.getBoolean("begin-token"),
                Captions.of(c),
                c.getInt("order-window"),
                c.getInt("group-window"),
                c.getDouble("bad-sample-rate"),
                c.getInt("decode-threads"),
                c.getInt("prefetch"),
                c.getBytes("cache-size"),
                PictureSettings.from(root),
                Augmentation.from(c.getConfig("augment")),
                RemoteSettings.from(root));
    }

    public DataSettings {
        sources = List.copyOf(sources);
    }

    /** Whether several sources are mixed. */
    public boolean isMixture() {
        return sources.size() > 1;
    }

    /** Of a mixture, the share of all samples trained on that each source has, by its name. */
    public SortedMap<String, Double> shares() {
        double sum = sources.stream().mapToDouble(SourceSettings::weight).sum();
        SortedMap<String, Double> shares = new TreeMap<>();
        sources.forEach(source -> shares.put(source.name(), source.weight() / sum));
        return shares;
    }

    /** The training data of all sources, one after another. */
    public List<Path> paths() {
        return sources.stream().flatMap(source -> source.paths().stream()).toList();
    }

    /** The same for other data, which are no mixture. */
    public DataSettings withPaths(List<Path> others) {
        return copy(List.of(new SourceSettings("", others, 1, captions, pictures, augmentation)), cacheBytes);
    }

    /** How many of so many samples may be bad before a run stops. */
    public double mostBad(long samples) {
        return BadShare.most(samples, badSampleRate);
    }

    /** The same with another bound on the decoded pictures that are kept. */
    public DataSettings withCacheBytes(long bytes) {
        return copy(sources, bytes);
    }

    private DataSettings copy(List<SourceSettings> others, long bytes) {
        return new DataSettings(
                others,
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
