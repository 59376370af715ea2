package io.flm.data;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The samples that turned out unusable. Each is named once, then passed over; when they are more than the set share of the
 * source, the run stops. A small source does not stop at its first: {@value #FEW} may be bad of any, but not more than half.
 */
final class BadSamples {
    private static final Logger LOG = LoggerFactory.getLogger(BadSamples.class);

    private static final int FEW = 10;

    private final long sourceSize;
    private final double rate;
    private final Map<Long, String> causes = new ConcurrentHashMap<>();

    /** How many of a source may be bad; at a rate of 0 none. */
    static double most(long sourceSize, double rate) {
        return rate == 0 ? 0 : Math.max(rate * sourceSize, (double) Math.min(FEW, sourceSize / 2));
    }

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
        if (causes.size() > most(sourceSize, rate)) {
            throw tooMany(message);
        }
        LOG.warn("{}; the lane's next sample is taken instead", message);
    }

    UserException tooMany(String last) {
        return new UserException(last + "; that makes " + causes.size() + " bad of " + sourceSize
                + " samples: go on with --resume and --set flm.data.bad-sample-rate=R, more than the " + rate
                + " of now, which changes no weight; or mend them and go on with --resume --accept data, and the weights"
                + " follow the mended data from there on");
    }

    /** {@code shard:key: cause} of each, sorted. */
    List<String> messages() {
        return causes.values().stream().sorted().toList();
    }
}
