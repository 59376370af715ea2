package io.flm.launch.compare;

import io.flm.data.DataPaths;
import io.flm.data.FileErrors;
import io.flm.data.Sha256;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * What the files of a comparison hold, by their path. A comparison goes on for days: cells before and after a change of its data cannot
 * stand in one report. Small files are read whole; of large ones, and of those in folders, names and sizes count, as they do for the
 * data of a run.
 */
final class Contents {
    private static final long MOST_READ_BYTES = 64 << 20;

    private Contents() {}

    /** Of files and folders; names with braces and lists stand for several. What is not there is left to those who read it. */
    static Map<String, String> of(Collection<Path> paths) {
        Map<String, String> contents = new TreeMap<>();
        for (Path given : paths) {
            for (Path path : DataPaths.reached(given)) {
                try {
                    if (Files.isDirectory(path)) {
                        contents.put(path.toString(), folder(path));
                    } else if (Files.isRegularFile(path)) {
                        contents.put(path.toString(), file(path));
                    }
                } catch (IOException e) {
                    throw FileErrors.opening(path, e);
                }
            }
        }
        return contents;
    }

    private static String file(Path file) throws IOException {
        long size = Files.size(file);
        return bytes(size) + (size <= MOST_READ_BYTES ? ", SHA-256 " + Sha256.of(file) : "");
    }

    private static String folder(Path folder) throws IOException {
        List<Path> files;
        try (Stream<Path> content = Files.walk(folder)) {
            files = content.filter(Files::isRegularFile).sorted().toList();
        }
        long size = 0;
        MessageDigest names = Sha256.newDigest();
        for (Path file : files) {
            long its = Files.size(file);
            size += its;
            names.update((folder.relativize(file) + "\0" + its + "\n").getBytes(StandardCharsets.UTF_8));
        }
        return files.size() + " files, " + bytes(size) + ", names and sizes " + Sha256.hex(names);
    }

    private static String bytes(long size) {
        return String.format(Locale.ROOT, "%,d bytes", size);
    }
}
