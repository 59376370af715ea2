package io.flm.data.parquet;

import java.io.IOException;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** The pages that were asked for last, up to a number of bytes; each is read once, whoever asks meanwhile. */
final class RecentPages<V> {
    private static final int LEAST = 2;

    private final long mostBytes;
    private final Map<Long, Entry<V>> entries = new LinkedHashMap<>(16, 0.75f, true);
    private long bytes;

    private record Entry<V>(CompletableFuture<V> value, long sizeBytes) {}

    /** Reads a page. */
    @FunctionalInterface
    interface Reader<V> {
        V read() throws IOException;
    }

    RecentPages(long mostBytes) {
        this.mostBytes = mostBytes;
    }

    /** A page by its number. */
    V get(long number, long sizeBytes, Reader<V> reader) throws IOException {
        CompletableFuture<V> mine = new CompletableFuture<>();
        CompletableFuture<V> known = begin(number, sizeBytes, mine);
        if (known == mine) {
            try {
                mine.complete(reader.read());
            } catch (IOException | RuntimeException | Error e) {
                forget(number, mine);
                mine.completeExceptionally(e);
                throw e;
            }
        }
        try {
            return known.join();
        } catch (CompletionException e) {
            Throwable cause = e.getCause();
            if (cause instanceof RuntimeException failure) {
                throw failure;
            }
            if (cause instanceof Error failure) {
                throw failure;
            }
            throw new IOException(String.valueOf(cause == null ? e.getMessage() : cause.getMessage()), e);
        }
    }

    private synchronized CompletableFuture<V> begin(long number, long sizeBytes, CompletableFuture<V> mine) {
        Entry<V> known = entries.get(number);
        if (known != null) {
            return known.value();
        }
        entries.put(number, new Entry<>(mine, sizeBytes));
        bytes += sizeBytes;
        Iterator<Entry<V>> oldest = entries.values().iterator();
        while (bytes > mostBytes && entries.size() > LEAST) {
            bytes -= oldest.next().sizeBytes();
            oldest.remove();
        }
        return mine;
    }

    private synchronized void forget(long number, CompletableFuture<V> mine) {
        Entry<V> entry = entries.get(number);
        if (entry != null && entry.value() == mine) {
            entries.remove(number);
            bytes -= entry.sizeBytes();
        }
    }
}
