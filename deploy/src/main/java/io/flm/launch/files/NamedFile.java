package io.flm.launch.files;

import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** A file that the user named, such as a page: a link there is followed, and a pipe or a device is taken. */
public final class NamedFile {
    private NamedFile() {}

    /**
     * Asks for a file that is written much later, after hours of work it may be: whoever cannot write there is told now. Nothing is left of
     * the question, and what is there stays as it is.
     *
     * @param option that names the file, such as {@code --html}
     * @throws UserException where it cannot be written
     */
    public static void requireWritable(Path file, String option) {
        Path folder = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || folder == null || !Files.isDirectory(folder)) {
            throw new UserException(file + ": "
                    + (Files.isDirectory(file) ? "is a folder" : "there is no folder " + folder) + "; give another "
                    + option);
        }
        try {
            if (Files.isRegularFile(file)) {
                FileChannel.open(file, StandardOpenOption.WRITE).close();
            } else if (!Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
                Files.delete(Files.createFile(file));
            } // a pipe would wait for its reader
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "give another " + option);
        }
    }

    /** Writes or replaces it. Where there is no room for all of it, nothing is left there. */
    public static void write(Path file, String text) throws IOException {
        OutputStream out = Files.newOutputStream(file); // who may not write there deletes nothing
        try (out) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
                Files.delete(file);
            }
            throw e;
        }
    }
}
