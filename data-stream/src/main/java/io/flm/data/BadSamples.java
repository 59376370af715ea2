package io.flm.data;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The samples and pictures that turned out unusable here, as soon as they were read, which may be ahead of their steps. Each is named once,
 * then passed over; of a shard that is left out the shard alone. {@link BadShare} says when they are too many.
 */
final class BadSamples {
    private static final Logger LOG = LoggerFactory.getLogger(BadSamples.class);

    private final long sourceSize;
    private final Map<Long, String> samples = new ConcurrentHashMap<>();
    private final Map<Long, String> pictures = new ConcurrentHashMap<>();
    private final Map<String, String> shards = new ConcurrentHashMap<>();

    BadSamples(long sourceSize) {
        this.sourceSize = sourceSize;
    }

    /** Whether a picture is known to be bad, by its place in its source. */
    boolean containsPicture(long index) {
        return pictures.containsKey(index);
    }

    /** A picture: no sample that shows it can be used. */
    void addPicture(long index, SampleException cause) {
        add(pictures, index, cause);
    }

    /** All samples of a shard that is left out. */
    void addShard(String shard, long firstStep) {
        String message = shard + ": is left out from step " + firstStep + " on";
        if (shards.putIfAbsent(shard, message) == null) {
            LOG.warn("{}; samples of later windows take the places of its own", message);
        }
    }

    /** A sample, for its texts. */
    void add(long index, SampleException cause) {
        add(samples, index, cause);
    }

    private static void add(Map<Long, String> causes, long index, SampleException cause) {
        String message = String.valueOf(cause.getMessage());
        if (causes.putIfAbsent(index, message) == null) {
            LOG.warn("{}; the lane's next sample is taken instead", message);
        }
    }

    /** Where there is nothing to take instead. */
    UserException none(String where) {
        return new UserException(where + "; " + (samples.size() + pictures.size()) + " of " + sourceSize
                + " samples are bad" + (shards.isEmpty() ? "" : " and " + shards.size() + " shards left out")
                + ", such as " + messages().stream().findFirst().orElse("none that was named")
                + ": mend them, and go on with --resume --accept data");
    }

    /** {@code shard:key: cause} of each, or {@code shard: from which step on it is left out}; sorted. */
    List<String> messages() {
        return Stream.of(samples, pictures, shards)
                .flatMap(all -> all.values().stream())
                .sorted()
                .toList();
    }
}
