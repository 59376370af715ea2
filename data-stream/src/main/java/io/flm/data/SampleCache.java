package io.flm.data;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * What was made of samples, kept until a number of bytes is reached and for good then: each epoch visits each sample once, so
 * throwing out the oldest would throw out the one that comes next.
 */
final class SampleCache<V> {
    private final long limitBytes;
    private final AtomicLong heldBytes = new AtomicLong();
    private final Map<Long, V> values = new ConcurrentHashMap<>();

    SampleCache(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    @Nullable V get(long index) {
        return values.get(index);
    }

    boolean contains(long index) {
        return values.containsKey(index);
    }

    void put(long index, V value, long sizeBytes) {
        if (heldBytes.addAndGet(sizeBytes) > limitBytes || values.putIfAbsent(index, value) != null) {
            heldBytes.addAndGet(-sizeBytes);
        }
    }
}
