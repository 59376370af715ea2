package io.flm.data;

import io.flm.data.CaptionFiles.Unusable;
import io.flm.data.ShardTable.Range;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * One WebDataset shard: a picture and the captions of the same key are a sample; {@link PartName} says what the key of a file
 * is. Everything else in the shard is counted by kind and named.
 */
final class TarShard implements Shard {
    private final String name;
    private final String label;
    private final String file;
    private final Bytes bytes;
    private final ShardTable samples;

    private TarShard(String name, String label, String file, Bytes bytes, ShardTable samples) {
        this.name = name;
        this.label = label;
        this.file = file;
        this.bytes = bytes;
        this.samples = samples;
    }

    /**
     * Opens a shard.
     *
     * @param label what messages call the shard
     * @param captioned whether a picture without a caption is none of its samples
     * @param files of the data set that it is a part of
     */
    static TarShard open(Path file, String label, boolean captioned, ShardFiles files) {
        TarFiles.Opened opened = files.tar(file);
        ShardContents contents = opened.contents();
        files.leftOut().addAll(contents.others(), label);
        if (captioned) {
            files.leftOut().addAll(contents.uncaptioned(), label);
        }
        ShardTable table = contents.table();
        return new TarShard(
                RemotePath.name(file),
                label,
                RemotePath.isRemote(file) ? RemotePath.shown(RemotePath.uri(file)) : "",
                opened.bytes(),
                captioned ? table.captioned() : table);
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
        return samples.key(sample);
    }

    @Override
    public String file(int sample) {
        return file;
    }

    @Override
    public byte[] image(int sample) throws IOException {
        return read(samples.image(sample));
    }

    @Override
    public int imageSizeBytes(int sample) {
        return samples.image(sample).sizeBytes();
    }

    /** The JSON goes before the text, since it can hold several. */
    @Override
    public List<String> captions(int sample) throws SampleException, IOException {
        Range json = samples.json(sample);
        Range text = samples.text(sample);
        String cause = json == null && text == null ? "no caption (txt, json)" : "";
        if (json != null) {
            try {
                return CaptionFiles.ofJson(captionBytes(json));
            } catch (Unusable e) {
                cause = e.cause();
            }
        }
        if (text != null) {
            try {
                return CaptionFiles.ofText(captionBytes(text));
            } catch (Unusable e) {
                cause = e.cause() + (cause.isEmpty() ? "" : " (txt); " + cause);
            }
        }
        throw new SampleException(label + ":" + key(sample), cause);
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

    @Override
    public void expect(LongSupplier placesUntil) {
        bytes.expect(placesUntil);
    }

    /**
     * Adds its name and its table of contents, of each file that a caption may come from. This is part of what checkpoints are compared
     * by: as long as the same samples come of the same bytes, the text stays the same.
     */
    @Override
    public void digest(MessageDigest digest) {
        DigestText text = new DigestText(digest);
        text.add(name);
        String separator = "[";
        for (int i = 0; i < samples.size(); i++) {
            Range json = samples.json(i);
            Range caption = samples.text(i);
            text.add(separator).add("Entry[key=").add(samples.key(i)).add(", image=");
            add(samples.image(i), text);
            add(json != null ? json : caption, text.add(", caption="));
            text.add(json != null ? ", json=true" : ", json=false");
            if (json != null && caption != null) {
                add(caption, text.add(", otherwise="));
            }
            text.add("]");
            separator = ", ";
        }
        text.add(samples.size() == 0 ? "[]" : "]").end();
    }

    private static void add(@Nullable Range range, DigestText text) {
        if (range == null) {
            text.add("null");
        } else {
            text.add("Range[offset=")
                    .add(range.offset())
                    .add(", sizeBytes=")
                    .add(range.sizeBytes())
                    .add("]");
        }
    }

    private byte[] read(Range range) throws IOException {
        return Reads.tried(() -> {
            ByteBuffer into = ByteBuffer.allocate(range.sizeBytes());
            bytes.read(into, range.offset());
            return into.array();
        });
    }
}
