package io.flm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;

/**
 * Deletes folders with all that lies in them. No link is followed: it is deleted, not what it leads to. Another thread or process may
 * delete the same meanwhile.
 */
public final class FileTree {
    private FileTree() {}

    /** Deletes a folder and its content; no folder, no error. */
    public static void delete(Path folder) throws IOException {
        if (Files.exists(folder)) {
            deleteContent(folder);
            Files.deleteIfExists(folder);
        }
    }

    /** Deletes what a folder holds, and leaves it empty. */
    public static void deleteContent(Path folder) throws IOException {
        List<Path> deepestFirst;
        try (Stream<Path> content = Files.walk(folder)) {
            deepestFirst = content.skip(1).sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : deepestFirst) {
            Files.deleteIfExists(path);
        }
    }
}
