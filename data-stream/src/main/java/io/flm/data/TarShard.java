package io.flm.data;

import io.flm.data.CaptionFiles.Unusable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One WebDataset shard: a picture and the captions of the same key are a sample; {@link PartName} says what the key of a file
 * is. Everything else in the shard is counted by kind and named.
 */
final class TarShard implements Shard {
    /** Where a file's bytes lie. */
    record Range(long offset, int sizeBytes) {}

    /** A sample's files: a picture and a JSON, a text, or both; where pictures alone are wanted, neither is needed. */
    record Parts(
            String key,
            Range image,
            @Nullable Range json,
            @Nullable Range text) {}

    private final String name;
    private final String label;
    private final Bytes bytes;
    private final List<Parts> samples;

    private TarShard(String name, String label, Bytes bytes, List<Parts> samples) {
        this.name = name;
        this.label = label;
        this.bytes = bytes;
        this.samples = samples;
    }

    /**
     * Reads a shard's table of contents.
     *
     * @param label what messages call the shard
     * @param captioned whether a picture without a caption is none of its samples
     * @param files of the data set that it is a part of
     */
    static TarShard open(Path file, String label, boolean captioned, ShardFiles files) {
        try {
            Bytes bytes = files.file(file);
            if (bytes.size() == 0) {
                throw new UserException(file + ": an empty file, of 0 bytes; fetch it again, or leave it out");
            }
            Bytes tar = isPacked(bytes) ? files.unpack(file, bytes) : bytes;
            Index index = new Index(label, captioned, files.leftOut());
            return new TarShard(String.valueOf(file.getFileName()), label, tar, samples(file, tar, index));
        } catch (IOException e) {
            throw FileErrors.opening(file, e);
        }
    }

    private static List<Parts> samples(Path file, Bytes tar, Index index) throws IOException {
        try {
            return index.of(tar);
        } catch (TarEntries.Damage e) {
            String kind = index.found.isEmpty() ? FileErrors.kind(tar) : ""; // a tar's first name may be par1.png
            if (kind.isEmpty()) {
                throw e;
            }
            throw new UserException(file + ": " + kind, e);
        }
    }

    private static boolean isPacked(Bytes bytes) throws IOException {
        ByteBuffer first = ByteBuffer.allocate((int) Math.min(2, bytes.size()));
        bytes.read(first, 0);
        return first.capacity() == 2 && first.getShort(0) == 0x1f8b;
    }

    /** The files of one key, the best of each form. */
    private static final class Found {
        private @Nullable File image;
        private @Nullable File json;
        private @Nullable File text;
    }

    /** A file that may be part of a sample. */
    private record File(PartName name, Range range) {}

    /** Joins files to samples. */
    private static final class Index {
        private final String label;
        private final boolean captioned;
        private final LeftOut leftOut;
        private final Map<String, Found> found = new LinkedHashMap<>();
        private final List<TarEntries.Entry> links = new ArrayList<>();

        Index(String label, boolean captioned, LeftOut leftOut) {
            this.label = label;
            this.captioned = captioned;
            this.leftOut = leftOut;
        }

        List<Parts> of(Bytes tar) throws IOException {
            TarEntries.visit(tar, this::add);
            if (!links.isEmpty()) {
                addLinks(tar);
            }
            List<Parts> samples = new ArrayList<>();
            found.forEach((key, files) -> {
                if (files.image != null && (!captioned || files.json != null || files.text != null)) {
                    samples.add(new Parts(key, files.image.range, range(files.json), range(files.text)));
                } else {
                    leaveOut(files.image, "a picture without a caption (txt, json)");
                    leaveOut(files.json, "a caption without a picture (png, jpg, webp)");
                    leaveOut(files.text, "a caption without a picture (png, jpg, webp)");
                }
            });
            return List.copyOf(samples);
        }

        private static @Nullable Range range(@Nullable File file) {
            return file == null ? null : file.range;
        }

        private void leaveOut(@Nullable File file, String reason) {
            if (file != null) {
                leaveOut(file.name.path(), reason);
            }
        }

        private void leaveOut(String path, String reason) {
            leftOut.add(label + ":" + path, reason);
        }

        private void add(TarEntries.Entry entry) {
            if (entry.type() == TarEntries.Type.HARD_LINK) {
                links.add(entry); // until all is known that it may point to
            } else if (entry.type() == TarEntries.Type.FILE) {
                add(entry.name(), entry.offset(), entry.sizeBytes());
            } else {
                leaveOut(entry.name(), entry.type().toString());
            }
        }

        private void add(String path, long offset, long sizeBytes) {
            PartName name = PartName.of(path);
            if (name.form() == PartName.Form.NONE) {
                leaveOut(path, name.isHidden() ? "a hidden file" : "neither a picture nor a caption");
            } else if (sizeBytes > Integer.MAX_VALUE) {
                leaveOut(path, "larger than 2 GiB");
            } else {
                add(new File(name, new Range(offset, (int) sizeBytes)));
            }
        }

        private void add(File file) {
            Found files = found.computeIfAbsent(file.name.key(), key -> new Found());
            switch (file.name.form()) {
                case PICTURE -> files.image = better(files.image, file, "a second picture of its key");
                case JSON -> files.json = better(files.json, file, "a second json of its key");
                default -> files.text = better(files.text, file, "a second text of its key");
            }
        }

        /** The one of the plainer name, else the earlier one. */
        private File better(@Nullable File one, File other, String reason) {
            if (one == null) {
                return other;
            }
            boolean first = one.name.rank() <= other.name.rank();
            leaveOut(first ? other : one, reason);
            return first ? one : other;
        }

        /** A hard link is the file that it points to. */
        private void addLinks(Bytes tar) throws IOException {
            Set<String> wanted = new HashSet<>();
            links.forEach(link -> wanted.add(plain(link.target())));
            Map<String, TarEntries.Entry> targets = new HashMap<>();
            TarEntries.visit(tar, entry -> {
                if (entry.type() == TarEntries.Type.FILE && wanted.contains(plain(entry.name()))) {
                    targets.put(plain(entry.name()), entry);
                }
            });
            for (TarEntries.Entry link : links) {
                TarEntries.Entry target = targets.get(plain(link.target()));
                if (target == null) {
                    leaveOut(link.name(), "a hard link to a file that is not in the shard");
                } else {
                    targets.put(plain(link.name()), target); // which a link may point to in turn
                    add(link.name(), target.offset(), target.sizeBytes());
                }
            }
        }

        private static String plain(String path) {
            return path.startsWith("./") ? path.substring(2) : path;
        }
    }

    @Override
    public String label() {
        return label;
    }

    @Override
    public int size() {
        return samples.size();
    }

    @Override
    public String key(int sample) {
        return samples.get(sample).key();
    }

    @Override
    public byte[] image(int sample) throws IOException {
        return read(samples.get(sample).image());
    }

    @Override
    public int imageSizeBytes(int sample) {
        return samples.get(sample).image().sizeBytes();
    }

    /** The JSON goes before the text, since it can hold several. */
    @Override
    public List<String> captions(int sample) throws SampleException, IOException {
        Parts parts = samples.get(sample);
        String cause = parts.json() == null && parts.text() == null ? "no caption (txt, json)" : "";
        if (parts.json() != null) {
            try {
                return CaptionFiles.ofJson(captionBytes(parts.json()));
            } catch (Unusable e) {
                cause = e.cause();
            }
        }
        if (parts.text() != null) {
            try {
                return CaptionFiles.ofText(captionBytes(parts.text()));
            } catch (Unusable e) {
                cause = e.cause() + (cause.isEmpty() ? "" : " (txt); " + cause);
            }
        }
        throw new SampleException(label + ":" + parts.key(), cause);
    }

    private byte[] captionBytes(Range range) throws Unusable, IOException {
        if (range.sizeBytes() > CaptionFiles.MOST_BYTES) {
            throw new Unusable(String.format(
                    Locale.ROOT,
                    "the caption's file has %,d bytes, more than %,d",
                    range.sizeBytes(),
                    CaptionFiles.MOST_BYTES));
        }
        return read(range);
    }

    /**
     * Adds its name and its table of contents, of each file that a caption may come from. This is part of what checkpoints are compared
     * by: as long as the same samples come of the same bytes, the text stays the same.
     */
    @Override
    public void digest(MessageDigest digest) {
        digest.update(name.getBytes(StandardCharsets.UTF_8));
        String separator = "[";
        for (Parts sample : samples) {
            Range caption = sample.json != null ? sample.json : sample.text;
            String line = separator + "Entry[key=" + sample.key + ", image=" + sample.image + ", caption=" + caption
                    + ", json=" + (sample.json != null)
                    + (sample.json != null && sample.text != null ? ", otherwise=" + sample.text : "") + "]";
            digest.update(line.getBytes(StandardCharsets.UTF_8));
            separator = ", ";
        }
        digest.update((samples.isEmpty() ? "[]" : "]").getBytes(StandardCharsets.UTF_8));
    }

    private byte[] read(Range range) throws IOException {
        return Reads.tried(() -> {
            ByteBuffer into = ByteBuffer.allocate(range.sizeBytes());
            bytes.read(into, range.offset());
            return into.array();
        });
    }
}
