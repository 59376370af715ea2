package io.flm.exchange;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.UUID;
import java.util.regex.Pattern;
import org.agrona.BufferUtil;
import org.agrona.MutableDirectBuffer;
import org.agrona.concurrent.ControlledMessageHandler;
import org.agrona.concurrent.UnsafeBuffer;
import org.agrona.concurrent.ringbuffer.OneToOneRingBuffer;
import org.agrona.concurrent.ringbuffer.RingBufferDescriptor;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gradient frames from one process to another of the same machine, through memory that both have mapped: no system call, no
 * datagram, no checksum. The sender makes it in its process's folder and says its name; the receiver
 * maps it and removes the name, so that the memory is free once both processes have ended, however they end.
 */
final class SharedRing implements FrameOutput, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SharedRing.class);

    /** What one node gives all nodes of its machine together, at most and at least for each. */
    private static final int ALL_BYTES = 16 << 20;

    private static final int MOST_BYTES = 4 << 20;
    private static final int FEWEST_BYTES = 8 * (1 << 16); // a ring takes frames up to an eighth of it

    private static final Pattern NAME = Pattern.compile("\\d+-\\d+/ring-[0-9a-f-]{36}");
    private static final int ZEROS_BYTES = 1 << 16;
    private static final int FRAME = 1; // the ring's messages are of one type

    private final Path file;
    private final MappedByteBuffer mapped;
    private final OneToOneRingBuffer ring;
    private int claimed;

    private SharedRing(Path file, MappedByteBuffer mapped) {
        this.file = file;
        this.mapped = mapped;
        this.ring = new OneToOneRingBuffer(new UnsafeBuffer(mapped));
    }

    /**
     * Makes a ring, or null if there is no room for it.
     *
     * @param folder the sender's
     * @param receivers how many nodes get a ring from this one
     */
    static @Nullable SharedRing create(Path folder, int receivers) {
        int capacity = Math.max(FEWEST_BYTES, Math.min(MOST_BYTES, Integer.highestOneBit(ALL_BYTES / receivers)));
        Path file = folder.resolve("ring-" + UUID.randomUUID());
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.READ, StandardOpenOption.WRITE),
                DriverDirectory.OWNERS_FILE)) {
            // Written, not only made long: memory that is not there would end the process at its first use.
            int length = capacity + RingBufferDescriptor.TRAILER_LENGTH;
            ByteBuffer zeros = ByteBuffer.allocate(ZEROS_BYTES);
            while (channel.position() < length) {
                channel.write(zeros.clear().limit((int) Math.min(ZEROS_BYTES, length - channel.position())));
            }
            return new SharedRing(file, channel.map(FileChannel.MapMode.READ_WRITE, 0, length));
        } catch (IOException e) {
            LOG.warn("{}: no memory to share ({}); gradients go by UDP", folder, e.toString());
            remove(file);
            return null;
        }
    }

    /**
     * Maps a ring that another node has made; null if it is none of this machine's and user's, or not to be read.
     *
     * @param users the folder of all of the user's processes
     */
    static @Nullable SharedRing open(Path users, String name) {
        if (!NAME.matcher(name).matches()) {
            return null;
        }
        Path file = users.resolve(name);
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS)) {
            SharedRing ring = new SharedRing(file, channel.map(FileChannel.MapMode.READ_WRITE, 0, channel.size()));
            remove(file);
            return ring;
        } catch (IOException | IllegalArgumentException | IllegalStateException e) {
            LOG.debug(
                    "{} is not taken: {}", file, e.toString()); // another machine's, another user's, or of a wrong size
            return null;
        }
    }

    private static void remove(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.debug("{} stays: {}", file, e.toString());
        }
    }

    /** As the receiver opens it. */
    String name() {
        int last = file.getNameCount();
        return file.subpath(last - 2, last).toString();
    }

    /** Gives frames to the handler until it refuses one, which then comes again; returns how many there were. */
    int read(ControlledMessageHandler handler, int limit) {
        return ring.controlledRead(handler, limit);
    }

    @Override
    public int maxFrameLength() {
        return Math.min(FrameReader.LONGEST, ring.maxMsgLength());
    }

    @Override
    public boolean isChecked() {
        return false;
    }

    @Override
    public boolean claim(int length) {
        claimed = ring.tryClaim(FRAME, length);
        return claimed > 0;
    }

    @Override
    public MutableDirectBuffer buffer() {
        return ring.buffer();
    }

    @Override
    public int offset() {
        return claimed;
    }

    @Override
    public void commit() {
        ring.commit(claimed);
    }

    @Override
    public void abort() {
        ring.abort(claimed);
    }

    /** Gives the memory back; neither read nor write after it. What was written can still be read at the other end. */
    @Override
    public void close() {
        remove(file);
        BufferUtil.free(mapped);
    }
}
