package io.flm.launch.export;

import io.flm.data.FileTree;
import io.flm.data.Sha256;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A folder that is there whole or not at all: its files are written and synced beside its place, and one rename moves them there. An
 * end by Ctrl-C removes what was begun; a kill leaves a hidden folder {@code .NAME.part-...} beside it,
 * or {@code .NAME.old-...} with the export that was to be replaced.
 */
final class ExportFolder implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path folder;
    private final boolean force;
    private final Path part;
    private final Path replaced;
    private final Thread hook = new Thread(this::delete, "end-of-export");
    private final List<Export.Written> written = new ArrayList<>();
    private boolean deleted;

    private ExportFolder(Path folder, boolean force) {
        this.folder = folder;
        this.force = force;
        String id = UUID.randomUUID().toString();
        part = folder.resolveSibling("." + folder.getFileName() + ".part-" + id);
        replaced = folder.resolveSibling("." + folder.getFileName() + ".old-" + id);
    }

    /**
     * Looks whether a folder may be written: it is not there, or empty, or an earlier export that may be replaced.
     *
     * @param force whether an earlier export may be replaced
     * @throws UserException where it may not, or holds anything else
     */
    static void requireFree(Path folder, boolean force) {
        requireFree(folder, folder, force);
    }

    /** @param at where the folder is at present */
    private static void requireFree(Path folder, Path at, boolean force) {
        if (Files.isSymbolicLink(at)) {
            throw new UserException(folder + ": is a link; give the folder itself");
        }
        if (!Files.exists(at, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(at) || folder.getFileName() == null) {
            throw new UserException(folder + ": no folder that can be written; give another one");
        }
        List<Path> content;
        try (Stream<Path> all = Files.list(at)) {
            content = all.sorted().toList();
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "give another folder");
        }
        if (content.isEmpty()) {
            return;
        }
        Set<String> names = new HashSet<>();
        for (Path path : content) {
            String name = String.valueOf(path.getFileName());
            names.add(name);
            if (!EarlierExport.isKnown(name) || !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                throw new UserException(
                        folder + ": holds " + name + ", which is of no export; give a folder that is empty or new");
            }
        }
        if (!EarlierExport.is(at, names)) {
            throw new UserException(folder + ": holds other files; give a folder that is empty or new");
        }
        if (!force) {
            throw new UserException(
                    folder + ": holds an export already; give another folder, or --force to replace it");
        }
    }

    /** Begins beside the place of {@code folder}, whose parents are made where they are missing. */
    static ExportFolder begin(Path folder, boolean force) {
        ExportFolder begun = new ExportFolder(folder, force);
        Runtime.getRuntime().addShutdownHook(begun.hook);
        try {
            Files.createDirectories(Objects.requireNonNull(begun.part.getParent()));
            Files.createDirectory(begun.part);
        } catch (IOException e) {
            begun.close();
            throw WriteErrors.of(folder, e, "give another folder");
        }
        return begun;
    }

    void text(String name, String content) {
        bytes(name, content.getBytes(StandardCharsets.UTF_8));
    }

    void bytes(String name, byte[] content) {
        write(name, out -> out.write(content));
    }

    /** Writes the content of a file. */
    @FunctionalInterface
    interface Content {
        void write(OutputStream out) throws IOException;
    }

    /** Takes a file of any size as it is made. */
    void write(String name, Content content) {
        MessageDigest digest = Sha256.newDigest();
        try (FileChannel file = create(name)) {
            OutputStream out = new BufferedOutputStream(
                    new DigestOutputStream(Channels.newOutputStream(file), digest), CHUNK_BYTES);
            content.write(out);
            out.flush();
            file.force(true);
            written.add(new Export.Written(name, file.size(), Sha256.hex(digest)));
        } catch (IOException e) {
            throw failed(name, e);
        }
    }

    /**
     * Copies a file of any size.
     *
     * @return SHA-256 of what was copied
     * @throws IOException where the file cannot be read
     */
    String copy(String name, Path from) throws IOException {
        MessageDigest digest = Sha256.newDigest();
        ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
        long bytes = 0;
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ)) {
            try (FileChannel out = create(name)) {
                while (read(in, chunk.clear(), from) >= 0) {
                    digest.update(chunk.flip().duplicate());
                    bytes += chunk.remaining();
                    while (chunk.hasRemaining()) {
                        out.write(chunk);
                    }
                }
                out.force(true);
            } catch (ReadFailure e) {
                throw e;
            } catch (IOException e) {
                throw failed(name, e);
            }
        }
        String sha256 = Sha256.hex(digest);
        written.add(new Export.Written(name, bytes, sha256));
        return sha256;
    }

    /** Reading failed, and not writing. */
    private static final class ReadFailure extends IOException {
        private static final long serialVersionUID = 1L;

        private ReadFailure(Path file, IOException cause) {
            super(file + ": " + cause.getMessage(), cause);
        }
    }

    private static int read(FileChannel in, ByteBuffer chunk, Path from) throws ReadFailure {
        try {
            return in.read(chunk);
        } catch (IOException e) {
            throw new ReadFailure(from, e);
        }
    }

    private FileChannel create(String name) throws IOException {
        return FileChannel.open(part.resolve(name), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    private UserException failed(String name, IOException e) {
        return WriteErrors.of(folder.resolve(name), e, "give another folder");
    }

    /**
     * Moves the folder to its place; what was there makes way, if it may still be replaced.
     *
     * @return its files
     * @throws UserException where it may not: others wrote there meanwhile, and find all as they left it
     */
    synchronized List<Export.Written> publish() {
        if (deleted) {
            throw new UserException(folder + ": not written, the program was stopped");
        }
        try {
            boolean replaces = Files.exists(folder, LinkOption.NOFOLLOW_LINKS);
            if (replaces) {
                makeWay();
            }
            try {
                Files.move(part, folder, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException e) {
                if (replaces) {
                    Files.move(replaced, folder, StandardCopyOption.ATOMIC_MOVE);
                }
                throw e;
            }
            if (replaces) {
                FileTree.delete(replaced);
            }
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "give another folder");
        }
        return List.copyOf(written);
    }

    /** Looks once more when nobody can write there by the folder's name any longer. */
    private void makeWay() throws IOException {
        Files.move(folder, replaced, StandardCopyOption.ATOMIC_MOVE);
        try {
            requireFree(folder, replaced, force);
        } catch (UserException e) {
            try {
                Files.move(replaced, folder, StandardCopyOption.ATOMIC_MOVE);
            } catch (IOException taken) {
                e.addSuppressed(taken);
                throw new UserException(
                        folder + ": was written by others meanwhile; what it held is in " + replaced
                                + ", give another folder",
                        e);
            }
            throw e;
        }
    }

    /** By the thread that writes, or by the one that ends the JVM: then what is left of the folder must not be published. */
    private synchronized void delete() {
        deleted = true;
        try {
            FileTree.delete(part);
        } catch (IOException e) {
            // It is hidden, and its name says what it is.
        }
    }

    @Override
    public void close() {
        delete();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM ends, and the hook does the same.
        }
    }
}
