package io.flm.launch.files;

import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/**
 * Writes the files of a run's folder. That folder may be somebody else's, or have come in an archive, and a link in it could lead
 * to any file of this user's: none is followed. Whose the folder is does not matter, so a volume of another owner serves.
 */
public final class PlainFile {
    /** What everybody may read. */
    public static final String READABLE = "rw-r--r--";

    private PlainFile() {}

    /** Writes or replaces a file that everybody may read. */
    public static void replace(Path file, String text) throws IOException {
        replace(file, text, READABLE);
    }

    /** Writes what a file is to hold, piece by piece. */
    @FunctionalInterface
    public interface Content {
        void writeTo(Writer file) throws IOException;
    }

    /** Writes or replaces a file at once: whoever reads it, or is killed meanwhile, leaves or finds the old one or the new one. */
    public static void replace(Path file, String text, String permissions) throws IOException {
        replace(file, out -> out.write(text), permissions);
    }

    /** The same of a file that may be too large for memory. */
    public static void replace(Path file, Content content, String permissions) throws IOException {
        Path part = Files.createTempFile(
                file.toAbsolutePath().getParent(),
                file.getFileName() + ".",
                ".part", // of a random name: nodes may share the folder
                permissions(file, permissions));
        try {
            try (Writer out = new BufferedWriter(new OutputStreamWriter(
                    Files.newOutputStream(part, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS),
                    StandardCharsets.UTF_8))) {
                content.writeTo(out);
            }
            try {
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
            }
        } finally {
            Files.deleteIfExists(part);
        }
    }

    /** Opens a file, made where it is missing, to add to it. */
    public static OutputStream append(Path file) throws IOException {
        return Files.newOutputStream(
                file, StandardOpenOption.CREATE, StandardOpenOption.APPEND, LinkOption.NOFOLLOW_LINKS);
    }

    /** Makes a file that is not there yet, to write it. */
    public static OutputStream create(Path file) throws IOException {
        return Files.newOutputStream(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
    }

    public static FileAttribute<?>[] permissions(Path path, String permissions) {
        return path.getFileSystem().supportedFileAttributeViews().contains("posix")
                ? new FileAttribute<?>[] {
                    PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(permissions))
                }
                : new FileAttribute<?>[0];
    }
}
