package io.flm.data;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The samples that turned out unusable here. Each is named once, then passed over; {@link BadShare} says when they are too many. */
final class BadSamples {
    private static final Logger LOG = LoggerFactory.getLogger(BadSamples.class);

    private final long sourceSize;
    private final Map<Long, String> causes = new ConcurrentHashMap<>();

    BadSamples(long sourceSize) {
        this.sourceSize = sourceSize;
    }

    boolean contains(long index) {
        return causes.containsKey(index);
    }

    void add(long index, SampleException cause) {
        String message = String.valueOf(cause.getMessage());
        if (causes.putIfAbsent(index, message) == null) {
            LOG.warn("{}; the lane's next sample is taken instead", message);
        }
    }

    /** Where there is nothing to take instead. */
    UserException none(String where) {
        return new UserException(where + "; " + causes.size() + " of " + sourceSize + " samples are bad, such as "
                + messages().stream().findFirst().orElse("none that was named") + ": mend them, and go on with --resume"
                + " --accept data");
    }

    /** {@code shard:key: cause} of each, sorted. */
    List<String> messages() {
        return causes.values().stream().sorted().toList();
    }
}
