package io.flm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.UUID;

/** A file that other processes find as a whole, or not at all. */
public final class WholeFile {
    private WholeFile() {}

    /**
     * Writes or replaces it. What is written first lies beside it, hidden.
     *
     * @param end of the name of what is written first
     */
    public static void put(byte[] content, Path file, String end) throws IOException {
        Path temporary = file.resolveSibling("." + UUID.randomUUID() + end);
        try {
            Files.write(temporary, content, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
            Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } finally {
            Files.deleteIfExists(temporary);
        }
    }
}
