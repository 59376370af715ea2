package io.flm.data;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The samples and pictures that turned out unusable here. Each is named once, then passed over; {@link BadShare} says when they are
 * too many.
 */
final class BadSamples {
    private static final Logger LOG = LoggerFactory.getLogger(BadSamples.class);

    private final long sourceSize;
    private final Map<Long, String> samples = new ConcurrentHashMap<>();
    private final Map<Long, String> pictures = new ConcurrentHashMap<>();

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
                + " samples are bad, such as " + messages().stream().findFirst().orElse("none that was named")
                + ": mend them, and go on with --resume --accept data");
    }

    /** {@code shard:key: cause} of each, sorted. */
    List<String> messages() {
        return Stream.concat(samples.values().stream(), pictures.values().stream())
                .sorted()
                .toList();
    }
}
