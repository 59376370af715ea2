package io.flm.launch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.UserException;
import java.io.IOException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Where nodes say how they are reached: a small file each in {@code nodes/} of the folder that they work in. A node removes its
 * file when it ends; one that was killed leaves it behind, so whoever reads them tries them all.
 */
final class NodeFiles {
    private static final String FOLDER = "nodes";
    private static final String SUFFIX = ".json";

    /**
     * What a node says.
     *
     * @param http {@code host:port} of its HTTP endpoint
     * @param akka {@code host:port} that other nodes join
     * @param tokenFile holds the bearer token of HTTP; empty: none is needed
     */
    record Entry(String name, String http, String akka, String tokenFile, long pid) {}

    private NodeFiles() {}

    /** Where the nodes of a run leave their files, and their logs. */
    static Path folder(Path run) {
        return run.resolve(FOLDER);
    }

    /** Writes or replaces a node's file, so that nobody reads half of it. */
    static Path write(Path run, Entry entry) {
        Path file = folder(run).resolve(entry.name() + SUFFIX);
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", entry.name());
        map.put("http", entry.http());
        map.put("akka", entry.akka());
        map.put("tokenFile", entry.tokenFile());
        map.put("pid", entry.pid());
        try {
            Files.createDirectories(folder(run));
            Path part = Files.writeString(file.resolveSibling(entry.name() + ".part"), Json.line(map) + "\n");
            try {
                Files.move(part, file, StandardCopyOption.ATOMIC_MOVE);
            } catch (AtomicMoveNotSupportedException e) {
                Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
            }
            return file;
        } catch (IOException e) {
            throw new UserException(file + ": cannot be written (" + e.getMessage() + "); choose another --run", e);
        }
    }

    /** Of a node that has ended. */
    static void remove(Path run, String name) {
        Path file = folder(run).resolve(name + SUFFIX);
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be removed (" + e.getMessage() + ")", e);
        }
    }

    /** The nodes of a run, the newest first; those that were killed too. */
    static List<Entry> read(Path run) {
        if (!Files.isDirectory(folder(run))) {
            return List.of();
        }
        List<Path> files;
        try (Stream<Path> all = Files.list(folder(run))) {
            files = all.filter(file -> file.toString().endsWith(SUFFIX))
                    .sorted(Comparator.comparing((Path file) -> -file.toFile().lastModified())
                            .thenComparing(Comparator.naturalOrder()))
                    .toList();
        } catch (IOException e) {
            throw new UserException(folder(run) + ": cannot be read (" + e.getMessage() + "); give --node", e);
        }
        List<Entry> entries = new ArrayList<>();
        ObjectMapper mapper = new ObjectMapper();
        for (Path file : files) {
            try {
                JsonNode json = mapper.readTree(file.toFile());
                entries.add(new Entry(
                        json.path("name").asText(),
                        json.path("http").asText(),
                        json.path("akka").asText(),
                        json.path("tokenFile").asText(),
                        json.path("pid").asLong()));
            } catch (IOException e) {
                // a node has just removed it
            }
        }
        return entries;
    }
}
