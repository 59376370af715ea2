package io.flm.data;

import io.flm.data.PartName.Form;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.security.MessageDigest;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;

/**
 * The pictures below a folder, as files, in the order of their keys: their paths below it without the end that says their form.
 * They are listed once; a file that has another size when it is read is another one, and is not read.
 *
 * <p>Links to files are followed, since a folder of links is how people pick pictures; links to folders are not, since they lead in
 * circles. Of more than {@link #MOST_FILES} files shards are the form to have.
 */
final class PictureFolder implements PictureSource {
    static final int MOST_FILES = 2_000_000;
    private static final int MOST_DEEP = 16;

    private final Path folder;
    private final String label;
    private final List<FileOf> pictures;
    private final PictureKeys keys;
    private final Set<String> ofSeveral; // keys of which only one file is taken
    private final LeftOut leftOut;
    private final String sha256;

    /**
     * A picture's file.
     *
     * @param path below the folder, with / on every system
     */
    private record FileOf(PartName name, String path, int sizeBytes) {
        String key() {
            return name.key();
        }

        /** Of two files of a key the one of the plainer name, else the first by name: whatever order the system lists them in. */
        boolean isBetter(FileOf other) {
            int rank = Integer.compare(name.rank(), other.name.rank());
            return rank < 0 || (rank == 0 && path.compareTo(other.path) < 0);
        }
    }

    private PictureFolder(Path folder, String label, List<FileOf> pictures, Set<String> ofSeveral, LeftOut leftOut) {
        this.folder = folder;
        this.label = label;
        this.pictures = pictures;
        this.ofSeveral = ofSeveral;
        this.leftOut = leftOut;
        this.keys = new PictureKeys(pictures.size(), this::key, this::name);
        MessageDigest digest = Sha256.newDigest();
        for (FileOf picture : pictures) {
            digest.update((picture.path() + '\0' + picture.sizeBytes() + '\n').getBytes(StandardCharsets.UTF_8));
        }
        this.sha256 = Sha256.hex(digest);
    }

    /**
     * Lists a folder.
     *
     * @param label what messages call it
     * @param mostFiles of more it is refused
     */
    static PictureFolder open(Path folder, String label, int mostFiles) {
        try {
            Path root = folder.toRealPath();
            Listing listing = new Listing(root, mostFiles);
            Files.walkFileTree(root, Set.of(), MOST_DEEP, listing);
            List<FileOf> pictures = listing.found.values().stream()
                    .sorted(Comparator.comparing(FileOf::key))
                    .toList();
            return new PictureFolder(root, label, pictures, listing.ofSeveral, listing.leftOut);
        } catch (IOException e) {
            throw FileErrors.opening(folder, e);
        }
    }

    /** Looks at each file once. */
    private static final class Listing extends SimpleFileVisitor<Path> {
        private final Path root;
        private final int mostFiles;
        private final Map<String, FileOf> found = new HashMap<>();
        private final Set<String> ofSeveral = new HashSet<>();
        private final LeftOut leftOut = new LeftOut();
        private int count;

        Listing(Path root, int mostFiles) {
            this.root = root;
            this.mostFiles = mostFiles;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes ofLink) throws IOException {
            if (++count > mostFiles) {
                throw new UserException(
                        root + ": more than " + mostFiles + " files; pack its pictures into tar files, and give these");
            }
            String path = root.relativize(file)
                    .toString()
                    .replace(root.getFileSystem().getSeparator(), "/");
            PartName name = PartName.of(path);
            if (name.isHidden()) {
                leftOut.add(path, "a hidden file");
            } else if (Files.isDirectory(file)) {
                leftOut.add(path, ofLink.isSymbolicLink() ? "a link to a folder" : "a folder too deep");
            } else if (name.form() != Form.PICTURE) {
                leftOut.add(path, "no picture (" + PictureFormat.ENDS + ")");
            } else if (!Files.isRegularFile(file)) {
                leftOut.add(path, "a link to nothing, a pipe or a device");
            } else if (Files.size(file) > Integer.MAX_VALUE) {
                leftOut.add(path, "of more than 2 GiB");
            } else {
                add(new FileOf(name, path, (int) Files.size(file)));
            }
            return FileVisitResult.CONTINUE;
        }

        private void add(FileOf picture) {
            FileOf other = found.get(picture.key());
            if (other != null) {
                ofSeveral.add(other.key());
                boolean better = picture.isBetter(other);
                leftOut.add((better ? other : picture).path(), "a second picture of its key");
                if (!better) {
                    return;
                }
            }
            found.put(picture.key(), picture);
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException cause) {
            leftOut.add(root.relativize(file).toString(), "not readable");
            return FileVisitResult.CONTINUE;
        }
    }

    private FileOf at(long index) {
        return pictures.get(Math.toIntExact(index));
    }

    @Override
    public long size() {
        return pictures.size();
    }

    @Override
    public String key(long index) {
        return at(index).key();
    }

    @Override
    public String name(long index) {
        return label + ":" + PlainText.of(key(index));
    }

    @Override
    public int imageSizeBytes(long index) {
        return at(index).sizeBytes();
    }

    @Override
    public byte[] image(long index) throws IOException {
        FileOf picture = at(index);
        Path file = folder.resolve(picture.path());
        return Reads.tried(() -> {
            try (InputStream in = Files.newInputStream(file)) {
                byte[] bytes = in.readNBytes(picture.sizeBytes());
                if (bytes.length != picture.sizeBytes() || in.read() >= 0) {
                    throw new IOException(PlainText.of(file.toString()) + " has another size than when it was listed");
                }
                return bytes;
            }
        });
    }

    @Override
    public OptionalLong find(String key) {
        return ofThatName(key, keys.find(key));
    }

    @Override
    public OptionalLong findWhole(String key, long from, long to) {
        return ofThatName(key, keys.findWhole(key, from, to));
    }

    /** Of two files of a key, 1.jpg and 1.png, one is taken, and whoever asks for the other one shall not get it. */
    private OptionalLong ofThatName(String asked, OptionalLong found) {
        if (found.isEmpty() || ofSeveral.isEmpty() || PartName.of(asked).form() != Form.PICTURE) {
            return found;
        }
        FileOf picture = at(found.getAsLong());
        boolean meant = !ofSeveral.contains(picture.key())
                || ("/" + picture.path()).endsWith("/" + asked)
                || ("/" + picture.key()).endsWith("/" + asked);
        return meant ? found : OptionalLong.empty();
    }

    @Override
    public LeftOut leftOut() {
        return leftOut;
    }

    @Override
    public String sha256() {
        return sha256;
    }

    @Override
    public void close() {
        // no file stays open
    }
}
