package io.flm.exchange;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.function.Consumer;

/** A state that moves from one member to another of the same process. */
final class StateCopy {
    private static final int CHUNK = 1 << 20;

    private StateCopy() {}

    /** Reads a part of the donor's state, unless the generation in which it was offered is over. */
    interface Reading {
        void read(long offset, ByteBuffer into) throws ExchangeException;
    }

    static void copy(
            long step,
            long size,
            Reading source,
            int donor,
            StateDownload download,
            Consumer<StateDownload.Progress> progress)
            throws ExchangeException {
        if (step != download.step()) {
            throw new ExchangeException(
                    "rank " + donor + " offers the state of step " + step + ", not that of step " + download.step());
        }
        download.begin(size);
        ByteBuffer chunk = ByteBuffer.allocateDirect((int) Math.min(CHUNK, Math.max(1, size)));
        MessageDigest digest = StateDownload.sha256();
        long resumed = download.receivedBytes();
        long begin = System.nanoTime();
        for (long offset = 0; offset < size; offset += chunk.limit()) {
            chunk.clear().limit((int) Math.min(chunk.capacity(), size - offset));
            source.read(offset, chunk);
            digest.update(chunk.flip());
            long missing = Math.max(download.receivedBytes() - offset, 0);
            if (missing < chunk.limit()) {
                download.write(chunk.position((int) missing));
            }
            double seconds = (System.nanoTime() - begin) / 1e9;
            progress.accept(new StateDownload.Progress(
                    download.receivedBytes(), size, (download.receivedBytes() - resumed) / seconds, donor));
        }
        if (!download.end(digest.digest())) {
            throw new ExchangeException("the state of step " + step + " from rank " + donor
                    + " does not have its SHA-256: memory or transport is faulty");
        }
    }
}
