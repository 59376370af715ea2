package io.flm.coordinator.http;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * How many requests a second an address may send: a bucket that holds those of one second, and fills while it waits. Addresses of
 * IPv6 count together that one network has, since a host there has as many as it likes.
 */
final class RequestRate {
    private static final int MOST_ADDRESSES = 4096; // a forgotten one begins with a full bucket
    private static final int NETWORK_BYTES = 8;

    private static final class Bucket {
        private double left;
        private long filledAt;

        private Bucket(double left, long filledAt) {
            this.left = left;
            this.filledAt = filledAt;
        }
    }

    private final int perSecond;
    private final Map<ByteBuffer, Bucket> buckets = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Bucket> eldest) {
            return size() > MOST_ADDRESSES;
        }
    };

    RequestRate(int perSecond) {
        this.perSecond = perSecond;
    }

    /** Whether one more request may pass; it counts where it may. */
    synchronized boolean take(InetAddress from, long nanoTime) {
        byte[] address = from.getAddress();
        ByteBuffer key =
                ByteBuffer.wrap(from instanceof Inet6Address ? Arrays.copyOf(address, NETWORK_BYTES) : address);
        Bucket bucket = buckets.computeIfAbsent(key, unknown -> new Bucket(perSecond, nanoTime));
        double filled = (nanoTime - bucket.filledAt) * 1e-9 * perSecond;
        bucket.left = Math.min(perSecond, bucket.left + Math.max(0, filled));
        bucket.filledAt = nanoTime;
        if (bucket.left < 1) {
            return false;
        }
        bucket.left--;
        return true;
    }
}
