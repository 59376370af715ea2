package io.flm.launch.export;

import io.flm.data.FileTree;
import io.flm.data.Sha256;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;

/**
 * A folder that is there whole or not at all: its files are written and synced beside its place, and one rename moves them there. An
 * end by Ctrl-C removes what was begun; a kill leaves a hidden folder {@code .NAME.part-...} beside it.
 */
final class ExportFolder implements AutoCloseable {
    private static final int CHUNK_BYTES = 1 << 20;

    private final Path folder;
    private final Path part;
    private final Path replaced;
    private final Thread hook = new Thread(this::delete, "end-of-export");
    private final List<Export.Written> written = new ArrayList<>();
    private boolean deleted;

    private ExportFolder(Path folder) {
        this.folder = folder;
        String id = UUID.randomUUID().toString();
        part = folder.resolveSibling("." + folder.getFileName() + ".part-" + id);
        replaced = folder.resolveSibling("." + folder.getFileName() + ".old-" + id);
    }

    /**
     * Looks whether a folder may be written: it is not there, or empty, or an earlier export that may be replaced.
     *
     * @param known names of the files of exports: a folder with any other one is never replaced
     * @param needed at least one of these is in an export
     * @throws UserException where it holds anything else
     */
    static void requireFree(Path folder, boolean force, Set<String> known, Set<String> needed) {
        if (Files.isSymbolicLink(folder)) {
            throw new UserException(folder + ": is a link; give the folder itself");
        }
        if (!Files.exists(folder, LinkOption.NOFOLLOW_LINKS)) {
            return;
        }
        if (!Files.isDirectory(folder) || folder.getFileName() == null) {
            throw new UserException(folder + ": no folder that can be written; give another one");
        }
        List<Path> content;
        try (Stream<Path> all = Files.list(folder)) {
            content = all.sorted().toList();
        } catch (IOException e) {
            throw WriteErrors.of(folder, e, "give another folder");
        }
        if (content.isEmpty()) {
            return;
        }
        for (Path path : content) {
            String name = String.valueOf(path.getFileName());
            if (!known.contains(name) || !Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
                throw new UserException(
                        folder + ": holds " + name + ", which is of no export; give a folder that is empty or new");
            }
        }
        if (content.stream().noneMatch(path -> needed.contains(String.valueOf(path.getFileName())))) {
            throw new UserException(folder + ": holds other files; give a folder that is empty or new");
        }
        if (!force) {
            throw new UserException(
                    folder + ": holds an export already; give another folder, or --force to replace it");
        }
    }

    /** Begins beside the place of {@code folder}, whose parents are made where they are missing. */
    static ExportFolder begin(Path folder) {
        ExportFolder begun = new ExportFolder(folder);
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
        try (FileChannel out = create(name)) {
            for (ByteBuffer rest = ByteBuffer.wrap(content); rest.hasRemaining(); ) {
                out.write(rest);
            }
            out.force(true);
        } catch (IOException e) {
            throw failed(name, e);
        }
        written.add(new Export.Written(name, content.length, Sha256.of(content)));
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
     * Moves the folder to its place; what was there makes way.
     *
     * @return its files
     */
    synchronized List<Export.Written> publish() {
        if (deleted) {
            throw new UserException(folder + ": not written, the program was stopped");
        }
        try {
            boolean replaces = Files.exists(folder, LinkOption.NOFOLLOW_LINKS);
            if (replaces) {
                Files.move(folder, replaced, StandardCopyOption.ATOMIC_MOVE);
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
