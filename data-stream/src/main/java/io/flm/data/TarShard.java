package io.flm.data;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarFile;
import org.jspecify.annotations.Nullable;

/**
 * One WebDataset shard: files of the same name up to the first dot are a sample. A compressed shard is unpacked into a temporary
 * file, which ends with the process, so that its samples can be reached in any order.
 */
final class TarShard implements AutoCloseable {
    private static final int BLOCK = 512;

    /** Where a file's bytes lie. */
    record Range(long offset, int sizeBytes) {}

    /** A sample's picture and caption; {@code json}: which form the caption has. */
    record Entry(String key, Range image, Range caption, boolean json) {}

    private final String name;
    private final FileChannel channel;
    private final List<Entry> samples;
    private final List<String> leftOut;
    private final String contents;

    private TarShard(String name, FileChannel channel, Index index) {
        this.name = name;
        this.channel = channel;
        this.samples = List.copyOf(index.samples);
        this.leftOut = index.leftOut.stream().map(each -> name + ":" + each).toList();
        this.contents = name + samples;
    }

    private record Index(List<Entry> samples, List<String> leftOut) {}

    static TarShard open(Path file) {
        String name = String.valueOf(file.getFileName());
        try {
            FileChannel channel = isCompressed(file) ? unpack(file) : FileChannel.open(file, StandardOpenOption.READ);
            try {
                return new TarShard(name, channel, index(file, channel));
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (IOException e) {
            throw new UserException(
                    file + ": not a whole tar file (" + e.getMessage() + "); fetch it again, or leave it out", e);
        }
    }

    private static boolean isCompressed(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return in.read() == 0x1f && in.read() == 0x8b;
        }
    }

    private static FileChannel unpack(Path file) throws IOException {
        Path unpacked = Files.createTempFile("flm-", ".tar");
        try (InputStream in =
                new GZIPInputStream(new BufferedInputStream(Files.newInputStream(file), 1 << 16), 1 << 16)) {
            Files.copy(in, unpacked, StandardCopyOption.REPLACE_EXISTING);
            return FileChannel.open(unpacked, StandardOpenOption.READ);
        } finally {
            Files.deleteIfExists(
                    unpacked); // the open channel keeps the content; nothing is left behind, even by a kill
        }
    }

    private static final class Parts {
        private @Nullable Range image;
        private @Nullable Range caption;
        private boolean json;
    }

    private static Index index(Path file, FileChannel channel) throws IOException {
        Map<String, Parts> parts = new LinkedHashMap<>();
        List<String> leftOut = new ArrayList<>();
        long end = 0;
        // Not closed: that would close the channel, which is read from later.
        TarFile tar = new TarFile(channel);
        for (TarArchiveEntry entry : tar.getEntries()) {
            end = entry.getDataOffset() + (entry.isFile() ? entry.getSize() : 0);
            if (!entry.isFile()) {
                continue;
            }
            if (entry.getDataOffset() + entry.getSize() > channel.size()) {
                throw new EOFException("cut within " + entry.getName());
            }
            if (entry.getSize() > Integer.MAX_VALUE) {
                throw new UserException(file + ": " + entry.getName() + " is larger than 2 GiB; leave it out");
            }
            add(parts, entry, leftOut);
        }
        if (!endsAt(channel, (end + BLOCK - 1) / BLOCK * BLOCK)) {
            throw new EOFException("cut at byte " + channel.size() + ", before the mark of its end");
        }
        List<Entry> samples = new ArrayList<>();
        parts.forEach((key, part) -> {
            if (part.image != null && part.caption != null) {
                samples.add(new Entry(key, part.image, part.caption, part.json));
            } else if (part.image != null) {
                leftOut.add(key + ": a picture without a txt or json");
            } else if (part.caption != null) {
                leftOut.add(key + ": a caption without a png, jpg or webp");
            }
        });
        return new Index(samples, leftOut);
    }

    /** A whole tar file ends with blocks of zeros; TarFile takes a cut header for the end as well. */
    private static boolean endsAt(FileChannel channel, long position) throws IOException {
        ByteBuffer block = ByteBuffer.allocate(BLOCK);
        while (block.hasRemaining() && channel.read(block, position + block.position()) >= 0) {}
        return !block.hasRemaining() && block.flip().mismatch(ByteBuffer.allocate(BLOCK)) < 0;
    }

    private static void add(Map<String, Parts> parts, TarArchiveEntry entry, List<String> leftOut) {
        String path = entry.getName();
        int slash = path.lastIndexOf('/');
        int dot = path.indexOf('.', slash + 1);
        if (dot <= slash + 1) { // no dot, or a hidden file
            return;
        }
        String key = path.substring(0, dot);
        Parts part = parts.computeIfAbsent(key, name -> new Parts());
        Range range = new Range(entry.getDataOffset(), (int) entry.getSize());
        String kind = path.substring(dot + 1).toLowerCase(Locale.ROOT);
        switch (kind) {
            case "png", "jpg", "jpeg", "webp" -> {
                if (part.image != null) {
                    leftOut.add(key + ": a second picture (" + kind + ")");
                } else {
                    part.image = range;
                }
            }
            case "json", "txt" -> {
                boolean json = kind.equals("json");
                if (part.caption != null && part.json == json) {
                    leftOut.add(key + ": a second " + kind);
                } else if (part.caption == null || json) { // json, which can hold several captions, goes before txt
                    part.caption = range;
                    part.json = json;
                }
            }
            default -> {} // of other programs
        }
    }

    /** {@code shard:key: cause} of the pictures and captions that belong to no sample. */
    List<String> leftOut() {
        return leftOut;
    }

    String name() {
        return name;
    }

    List<Entry> samples() {
        return samples;
    }

    /** Its name and its table of contents. */
    String contents() {
        return contents;
    }

    byte[] read(Range range) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(range.sizeBytes());
        while (bytes.hasRemaining()) {
            if (channel.read(bytes, range.offset() + bytes.position()) < 0) {
                throw new EOFException(name + " was cut");
            }
        }
        return bytes.array();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
