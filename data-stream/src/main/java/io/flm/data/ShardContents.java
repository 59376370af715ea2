package io.flm.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a shard holds, as one pass over its headers finds it. A picture and the captions of the same key are a sample; {@link PartName}
 * says what the key of a file is. Everything else is counted by kind and named.
 *
 * @param table all pictures, in the order in which their keys come first
 * @param others files that are in no sample, whatever the data are wanted for
 * @param uncaptioned pictures without a caption, which are in no sample where captions are wanted
 */
record ShardContents(ShardTable table, LeftOut others, LeftOut uncaptioned) {
    private static final long MOST_BYTES = 2L << 40; // places are numbers of blocks, of 32 bits

    /** Reads the headers of a tar file, one after the other. */
    static ShardContents of(Bytes tar) throws IOException {
        if (tar.size() > MOST_BYTES) {
            throw new IOException("more than 2 TiB in one tar file");
        }
        return new Pass().over(tar);
    }

    /** The tar file is damaged before any file of a sample came: it may be something else. */
    static final class NoTar extends IOException {
        private static final long serialVersionUID = 1L;

        private final TarEntries.Damage damage;

        NoTar(TarEntries.Damage damage) {
            super(damage.getMessage(), damage);
            this.damage = damage;
        }

        /** What it is if it is a tar file. */
        TarEntries.Damage damage() {
            return damage;
        }
    }

    /** A file that may be part of a sample. */
    private record File(PartName name, ShardTable.Range range) {}

    /** The files of one key, the best of each form. */
    private static final class Found {
        private @Nullable File image;
        private @Nullable File json;
        private @Nullable File text;
    }

    /** Joins files to samples. */
    private static final class Pass {
        private final Map<String, Found> found = new LinkedHashMap<>();
        private final List<TarEntries.Entry> links = new ArrayList<>();
        private final LeftOut others = new LeftOut();
        private final LeftOut uncaptioned = new LeftOut();

        ShardContents over(Bytes tar) throws IOException {
            try {
                TarEntries.visit(tar, this::add);
            } catch (TarEntries.Damage e) {
                throw found.isEmpty() ? new NoTar(e) : e;
            }
            if (!links.isEmpty()) {
                addLinks(tar);
            }
            ShardTable.Builder table = new ShardTable.Builder();
            found.forEach((key, files) -> {
                if (files.image != null) {
                    table.add(key, files.image.range, range(files.json), range(files.text));
                    if (files.json == null && files.text == null) {
                        uncaptioned.add(files.image.name.path(), "a picture without a caption (txt, json)");
                    }
                } else {
                    leaveOut(files.json);
                    leaveOut(files.text);
                }
            });
            return new ShardContents(table.build(), others, uncaptioned);
        }

        private static ShardTable.@Nullable Range range(@Nullable File file) {
            return file == null ? null : file.range;
        }

        private void leaveOut(@Nullable File file) {
            if (file != null) {
                others.add(file.name.path(), "a caption without a picture (" + PictureFormat.ENDS + ")");
            }
        }

        private void add(TarEntries.Entry entry) {
            if (entry.type() == TarEntries.Type.HARD_LINK) {
                links.add(entry); // until all is known that it may point to
            } else if (entry.type() == TarEntries.Type.FILE) {
                add(entry.name(), entry.offset(), entry.sizeBytes());
            } else {
                others.add(entry.name(), entry.type().toString());
            }
        }

        private void add(String path, long offset, long sizeBytes) {
            PartName name = PartName.of(path);
            if (name.form() == PartName.Form.NONE) {
                others.add(path, name.isHidden() ? "a hidden file" : "neither a picture nor a caption");
            } else if (sizeBytes > Integer.MAX_VALUE) {
                others.add(path, "larger than 2 GiB");
            } else {
                add(new File(name, new ShardTable.Range(offset, (int) sizeBytes)));
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
            others.add((first ? other : one).name.path(), reason);
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
                    others.add(link.name(), "a hard link to a file that is not in the shard");
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
}
