package io.flm.data;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.LockSupport;

/** Reads that may fail and may succeed at another try: those of disks that others use, too. */
public final class Reads {
    private static final int TRIES = 4;
    private static final long PAUSE_NS = 50_000_000; // doubled at each try

    /** A read that may fail. */
    @FunctionalInterface
    public interface Read {
        byte[] bytes() throws IOException;
    }

    private Reads() {}

    /** Reads again where a read fails: the error may pass. */
    public static byte[] tried(Read read) throws IOException {
        for (int tries = 1; ; tries++) {
            try {
                return read.bytes();
            } catch (RemoteFailure e) {
                throw e; // it was tried often enough
            } catch (IOException e) {
                if (tries == TRIES || e instanceof ClosedChannelException) {
                    throw new IOException("cannot be read (" + e.getMessage() + "), tries: " + tries, e);
                }
                LockSupport.parkNanos(PAUSE_NS << tries);
            }
        }
    }

    /** Some bytes, little-endian, tried as {@link #tried} does. */
    public static ByteBuffer triedLittleEndian(Bytes bytes, long position, int sizeBytes) throws IOException {
        byte[] read = tried(() -> littleEndian(bytes, position, sizeBytes).array());
        return ByteBuffer.wrap(read).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Some bytes, little-endian, tried once. */
    public static ByteBuffer littleEndian(Bytes bytes, long position, int sizeBytes) throws IOException {
        ByteBuffer into = ByteBuffer.allocate(sizeBytes).order(ByteOrder.LITTLE_ENDIAN);
        bytes.read(into, position);
        return into.flip();
    }

    /**
     * What ends a stream where a read of a sample failed. No other sample may take its place, as for a bad one: another worker
     * can read it, and the weights would differ.
     *
     * @param name of the sample or picture
     */
    static UncheckedIOException failed(String name, IOException cause) {
        String message = name + ": " + cause.getMessage() + "; look at "
                + (cause instanceof RemoteFailure ? "the server and the network" : "this node's disk")
                + "; a run that it ended goes on with --resume";
        return new UncheckedIOException(message, cause);
    }
}
