package io.flm.data;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches how fast the bytes of a file come. A server that sends next to nothing is asked anew; one that sends little is told of once a
 * file, since training may wait for it, and nothing else says for what.
 */
final class Trickle {
    private static final Logger LOG = LoggerFactory.getLogger(Trickle.class);

    private static final int LEAST_BYTES = 4096;
    private static final int LITTLE_BYTES = 1 << 20;

    private final String file;
    private final Duration timeout;
    private final AtomicBoolean told = new AtomicBoolean();

    /**
     * Of a file.
     *
     * @param timeout that a server may be silent
     */
    Trickle(String file, Duration timeout) {
        this.file = file;
        this.timeout = timeout;
    }

    Duration timeout() {
        return timeout;
    }

    /**
     * So many bytes of an answer have come within the timeout, and it goes on.
     *
     * @throws IOException where they are next to none
     */
    void check(int bytes) throws IOException {
        String within = timeout.toMillis() + " ms (flm.data.remote.timeout)";
        if (bytes < LEAST_BYTES) {
            throw new IOException((bytes == 0 ? "silent for " : bytes + " bytes in ") + within);
        }
        if (bytes < LITTLE_BYTES && told.compareAndSet(false, true)) {
            LOG.warn(
                    "{}: its server sends slowly, {} bytes in {}: if training waits for data, it is for this; look at the"
                            + " server and the network, or keep what was fetched with flm.data.remote.cache-size",
                    file,
                    bytes,
                    within);
        }
    }
}
