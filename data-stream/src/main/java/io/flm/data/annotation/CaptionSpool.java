package io.flm.data.annotation;

import io.flm.data.FileErrors;
import io.flm.data.Reads;
import io.flm.data.Sha256;
import io.flm.data.UserException;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/**
 * The captions of a file in a temporary one, which has no name and ends with the process: a file of captions may be larger than the
 * memory, packed by gzip, and have the captions of a picture anywhere. Each caption leads to the one before it of its picture.
 *
 * <pre>
 * record   position of the picture's caption before, -1: none   8 bytes
 *          bytes of the text, times two, odd: as chars           4 bytes
 *          the text, in Latin-1 or as chars
 * </pre>
 *
 * <p>Not UTF-8: half of a letter, which JSON can name, must come back as it is, to be told of as in captions elsewhere.
 */
final class CaptionSpool implements Closeable {
    /** Where there is no caption. */
    static final long NONE = -1;

    /** Of one picture; more are a bad sample. */
    static final int MOST_TEXTS = 10_000;

    private static final int HEAD_BYTES = Long.BYTES + Integer.BYTES;
    private static final int READ_BYTES = 512; // most captions in one read
    private static final int MOST_LETTERS = 1 << 16; // of a picture's captions together: more are a bad sample

    private final Path folder;
    private final FileChannel channel;
    private final ByteBuffer pending = ByteBuffer.allocate(1 << 18);
    private final MessageDigest digest = Sha256.newDigest();
    private long end;

    private CaptionSpool(Path folder, FileChannel channel) {
        this.folder = folder;
        this.channel = channel;
    }

    static CaptionSpool create() {
        return create(Path.of(System.getProperty("java.io.tmpdir")));
    }

    static CaptionSpool create(Path folder) {
        try {
            Path file = Files.createTempFile(folder, "flm-", ".captions");
            try {
                return new CaptionSpool(
                        folder, FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE));
            } finally {
                Files.deleteIfExists(file); // the open channel keeps the content; a kill leaves nothing behind
            }
        } catch (IOException e) {
            throw noRoom(folder, e);
        }
    }

    private static UserException noRoom(Path folder, IOException e) {
        return new UserException(
                folder + ": captions cannot be kept in a temporary file (" + FileErrors.reason(e)
                        + "); make room there, or name another folder by TMPDIR",
                e);
    }

    /**
     * Adds a caption.
     *
     * @param before the newest one of the same picture, or {@link #NONE}
     * @return where it is
     */
    long add(long before, String text) {
        boolean narrow = text.chars().allMatch(letter -> letter < 256);
        int textBytes = narrow ? text.length() : text.length() * Character.BYTES;
        int sizeBytes = HEAD_BYTES + textBytes;
        if (pending.remaining() < sizeBytes) {
            flush();
        }
        long position = end + pending.position();
        boolean gathered = sizeBytes <= pending.remaining();
        ByteBuffer record = gathered ? pending : ByteBuffer.allocate(sizeBytes);
        record.putLong(before).putInt(2 * textBytes + (narrow ? 0 : 1));
        for (int i = 0; i < text.length(); i++) {
            if (narrow) {
                record.put((byte) text.charAt(i));
            } else {
                record.putChar(text.charAt(i));
            }
        }
        if (!gathered) {
            write(record);
        }
        return position;
    }

    /**
     * Adds the captions of one picture again behind those of another: two ids are the same picture.
     *
     * @param before the newest one that they come behind, or {@link #NONE}
     * @param last the newest one of them
     * @return where the newest one is
     */
    long addAgain(long before, long last) {
        flush();
        try {
            long newest = before;
            for (String caption : captions(last)) {
                newest = add(newest, caption);
            }
            return newest;
        } catch (IOException e) {
            throw noRoom(folder, e);
        }
    }

    /** Ends writing; of all that was added. */
    byte[] sha256() {
        flush();
        return digest.digest();
    }

    private void flush() {
        write(pending);
        pending.clear();
    }

    private void write(ByteBuffer records) {
        records.flip();
        digest.update(records.duplicate());
        try {
            while (records.hasRemaining()) {
                end += channel.write(records, end);
            }
        } catch (IOException e) {
            throw noRoom(folder, e);
        }
    }

    /**
     * The captions of a picture in their order, once all are written; of more than are read the last ones, which are still too many.
     *
     * @param last the newest one
     */
    List<String> captions(long last) throws IOException {
        List<String> captions = new ArrayList<>();
        int letters = 0;
        for (long at = last; at != NONE && letters <= MOST_LETTERS && captions.size() <= MOST_TEXTS; ) {
            ByteBuffer record = record(at);
            at = record.getLong();
            boolean narrow = (record.getInt() & 1) == 0;
            CharBuffer chars = narrow
                    ? StandardCharsets.ISO_8859_1.decode(record)
                    : record.asCharBuffer(); // no decoder: halves stay
            String text = chars.toString();
            captions.add(text);
            letters += text.length();
        }
        Collections.reverse(captions);
        return captions;
    }

    private ByteBuffer record(long at) throws IOException {
        ByteBuffer start = read(at, (int) Math.min(READ_BYTES, end - at));
        int sizeBytes = HEAD_BYTES + (start.getInt(Long.BYTES) >>> 1);
        return sizeBytes <= start.limit() ? start.limit(sizeBytes) : read(at, sizeBytes);
    }

    private ByteBuffer read(long at, int sizeBytes) throws IOException {
        return ByteBuffer.wrap(Reads.tried(() -> {
            ByteBuffer into = ByteBuffer.allocate(sizeBytes);
            while (into.hasRemaining()) {
                if (channel.read(into, at + into.position()) < 0) {
                    throw new EOFException("the temporary file has become shorter");
                }
            }
            return into.array();
        }));
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
