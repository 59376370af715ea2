package io.flm.data;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Decoded pictures, kept until a number of bytes is reached and for good then: each epoch visits each sample once, so
 * throwing out the oldest would throw out the one that comes next.
 */
final class PictureCache {
    private final long limitBytes;
    private final AtomicLong heldBytes = new AtomicLong();
    private final Map<Long, byte[]> pictures = new ConcurrentHashMap<>();

    PictureCache(long limitBytes) {
        this.limitBytes = limitBytes;
    }

    byte @Nullable [] get(long index) {
        return pictures.get(index);
    }

    boolean contains(long index) {
        return pictures.containsKey(index);
    }

    void put(long index, byte[] picture) {
        if (heldBytes.addAndGet(picture.length) > limitBytes || pictures.putIfAbsent(index, picture) != null) {
            heldBytes.addAndGet(-picture.length);
        }
    }
}
