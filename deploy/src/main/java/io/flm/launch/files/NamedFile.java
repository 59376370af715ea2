package io.flm.launch.files;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;

/** A file that the user named, such as a page: a link there is followed, and a pipe or a device is taken. */
public final class NamedFile {
    private NamedFile() {}

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
