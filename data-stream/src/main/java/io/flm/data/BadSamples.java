package io.flm.data;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The samples that turned out unusable. Each is named once, then passed over; when they are more than the set share of the
 * source, the run stops. A source of which less than one sample may be bad stops at the first.
 */
final class BadSamples {
    private static final Logger LOG = LoggerFactory.getLogger(BadSamples.class);

    private final long sourceSize;
    private final double rate;
    private final Map<Long, String> causes = new ConcurrentHashMap<>();

    BadSamples(long sourceSize, double rate) {
        this.sourceSize = sourceSize;
        this.rate = rate;
    }

    boolean contains(long index) {
        return causes.containsKey(index);
    }

    void add(long index, SampleException cause) {
        String message = String.valueOf(cause.getMessage());
        if (causes.putIfAbsent(index, message) != null) {
            return;
        }
        if (causes.size() > rate * sourceSize) {
            throw tooMany(message);
        }
        LOG.warn("{}; the lane's next sample is taken instead", message);
    }

    UserException tooMany(String last) {
        return new UserException(last + "; that makes " + causes.size() + " bad of " + sourceSize
                + " samples: mend them, or allow more with flm.data.bad-sample-rate (now " + rate + ")");
    }

    /** {@code shard:key: cause} of each, sorted. */
    List<String> messages() {
        return causes.values().stream().sorted().toList();
    }
}
