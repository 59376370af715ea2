package io.flm.data;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.function.LongSupplier;

/** A file on a server, read through a cache of its pieces. Pieces that are missing side by side are fetched by one request. */
final class CachedBytes implements Bytes {
    private static final int MOST_AT_ONCE = 16;

    private final Bytes origin;
    private final PieceCache cache;
    private final String name;
    private final Map<Long, CompletableFuture<byte[]>> underWay =
            new ConcurrentHashMap<>(); // pieces that are being fetched

    /** @param name that no other bytes have */
    CachedBytes(Bytes origin, PieceCache cache, String name) {
        this.origin = origin;
        this.cache = cache;
        this.name = name;
    }

    @Override
    public long size() {
        return origin.size();
    }

    @Override
    public void expect(LongSupplier placesUntil) {
        cache.expect(name, placesUntil);
    }

    @Override
    public void read(ByteBuffer into, long position) throws IOException {
        long at = position;
        long end = position + into.remaining();
        if (end > size()) {
            throw new IOException("ends at byte " + size());
        }
        while (at < end) {
            long number = at / PieceCache.PIECE;
            byte[] piece = cache.get(name, number, sizeBytes(number));
            if (piece == null) {
                piece = fetched(number, (end - 1) / PieceCache.PIECE);
            }
            int from = (int) (at - number * PieceCache.PIECE);
            int count = (int) Math.min(end - at, piece.length - from);
            into.put(piece, from, count);
            at += count;
        }
    }

    private int sizeBytes(long number) {
        return (int) Math.min(PieceCache.PIECE, size() - number * PieceCache.PIECE);
    }

    /** A piece that the cache does not have; with it those behind it that it does not have either, up to {@code last}. */
    private byte[] fetched(long number, long last) throws IOException {
        CompletableFuture<byte[]> mine = new CompletableFuture<>();
        CompletableFuture<byte[]> others = underWay.putIfAbsent(number, mine);
        if (others != null) {
            return awaited(others);
        }
        long end = number + 1;
        try {
            byte[] meanwhile = cache.get(name, number, sizeBytes(number)); // another one may just have put it there
            if (meanwhile != null) {
                mine.complete(meanwhile);
                return meanwhile;
            }
            while (end <= last && end - number < MOST_AT_ONCE && begins(end)) {
                end++;
            }
            ByteBuffer bytes =
                    ByteBuffer.allocate((int) (Math.min(size(), end * PieceCache.PIECE) - number * PieceCache.PIECE));
            origin.read(bytes, number * PieceCache.PIECE);
            bytes.flip();
            for (long each = number; each < end; each++) {
                byte[] piece = new byte[sizeBytes(each)];
                bytes.get(piece);
                cache.put(name, each, piece);
                underWay.getOrDefault(each, mine).complete(piece);
            }
            return mine.join();
        } catch (IOException | RuntimeException | Error e) {
            for (long each = number; each < end; each++) {
                underWay.getOrDefault(each, mine).completeExceptionally(e);
            }
            throw e;
        } finally {
            for (long each = number; each < end; each++) {
                underWay.remove(each);
            }
        }
    }

    /** Whether this thread is the one to fetch a piece. */
    private boolean begins(long number) {
        CompletableFuture<byte[]> mine = new CompletableFuture<>();
        if (underWay.putIfAbsent(number, mine) != null) {
            return false;
        }
        byte[] meanwhile = cache.get(name, number, sizeBytes(number));
        if (meanwhile != null) {
            mine.complete(meanwhile);
            underWay.remove(number);
        }
        return meanwhile == null;
    }

    private static byte[] awaited(CompletableFuture<byte[]> piece) throws IOException {
        try {
            return piece.get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IOException io) {
                throw io;
            }
            if (e.getCause() instanceof RuntimeException runtime) {
                throw runtime;
            }
            throw new IOException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while a piece was fetched");
        }
    }
}
