package io.flm.launch.run;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.flm.data.FileErrors;
import io.flm.data.Ownership;
import io.flm.data.SmallFile;
import io.flm.data.UserException;
import io.flm.data.WriteErrors;
import io.flm.launch.console.Json;
import io.flm.launch.files.PlainFile;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where nodes say how they are reached: a small file each in {@code nodes/} of the folder that they work in. A node removes its
 * file when it ends; one that was killed leaves it behind, so whoever reads them tries them all.
 *
 * <p>A folder may be somebody else's, or a copy of one. So a node's file names no secret's path: a token lies beside it, for nodes
 * on loopback only. Of files that others may have written none is used, and only addresses on loopback are.
 */
public final class NodeFiles {
    private static final String FOLDER = "nodes";
    private static final String SUFFIX = ".json";
    private static final String TOKEN = ".token";
    private static final int MOST_BYTES = 4096;
    private static final int MOST_FILES = 4096;

    /**
     * What a node says.
     *
     * @param http its HTTP endpoint, as in {@link NodeAddress}
     * @param akka {@code host:port} that other nodes join
     * @param certificate the file of its certificate; empty: it answers in the clear
     */
    public record Entry(String name, String http, String akka, long pid, String certificate) {
        /** Of a node that answers in the clear. */
        public Entry(String name, String http, String akka, long pid) {
            this(name, http, akka, pid, "");
        }
    }

    private NodeFiles() {}

    /** Where the nodes of a run leave their files, and their logs. */
    public static Path folder(Path run) {
        return run.resolve(FOLDER);
    }

    /** Makes the folder, writable for this user only. */
    public static Path makeFolder(Path run) {
        Path folder = folder(run);
        try {
            if (!Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                Files.createDirectories(run);
                Files.createDirectory(folder, PlainFile.permissions(folder, "rwxr-xr-x"));
            }
            return folder;
        } catch (FileAlreadyExistsException e) {
            if (Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)) {
                return folder; // another node was faster
            }
            throw new UserException(
                    folder + ": is a link or a file, and nodes leave their files in a folder there;"
                            + " remove it, or choose another --run",
                    e);
        } catch (IOException e) {
            throw new UserException(
                    folder + ": cannot be made (" + FileErrors.reason(e) + "); choose another --run", e);
        }
    }

    /**
     * Writes or replaces a node's file, so that nobody reads half of it.
     *
     * @param token that the node wants; kept beside the file where the node is on loopback
     */
    public static Path write(Path run, Entry entry, String token) {
        Path folder = makeFolder(run);
        Path file = folder.resolve(entry.name() + SUFFIX);
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", entry.name());
        map.put("http", entry.http());
        map.put("akka", entry.akka());
        map.put("pid", entry.pid());
        if (!entry.certificate().isEmpty()) {
            map.put("certificate", entry.certificate());
        }
        try {
            if (!token.isEmpty() && NodeAddress.isLoopback(entry.http())) {
                PlainFile.replace(folder.resolve(entry.name() + TOKEN), token + "\n", "rw-------");
            }
            PlainFile.replace(file, Json.line(map) + "\n");
            return file;
        } catch (IOException e) {
            throw WriteErrors.of(file, e, "choose another --run");
        }
    }

    /** Of a node that has ended. */
    public static void remove(Path run, String name) {
        try {
            Files.deleteIfExists(folder(run).resolve(name + SUFFIX));
            Files.deleteIfExists(folder(run).resolve(name + TOKEN));
        } catch (IOException e) {
            throw new UserException(
                    folder(run).resolve(name + SUFFIX) + ": cannot be removed (" + FileErrors.reason(e) + ")", e);
        }
    }

    /** The nodes of a run, the newest first; those that were killed too. */
    public static List<Entry> read(Path run) {
        Path folder = folder(run);
        if (!Files.isDirectory(folder)) {
            return List.of();
        }
        List<Path> files;
        try (Stream<Path> all = Files.list(folder)) {
            files = all.filter(file -> file.toString().endsWith(SUFFIX))
                    .filter(file -> Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS))
                    .limit(MOST_FILES)
                    .sorted(Comparator.comparing((Path file) -> -file.toFile().lastModified())
                            .thenComparing(Comparator.naturalOrder()))
                    .toList();
        } catch (IOException e) {
            throw new UserException(folder + ": cannot be read (" + FileErrors.reason(e) + "); give --node", e);
        }
        List<Entry> entries = new ArrayList<>();
        for (Path file : files) {
            entry(file).ifPresent(entries::add);
        }
        return entries;
    }

    /** Empty: a node has just removed it, or it is none of a node's. */
    private static Optional<Entry> entry(Path file) {
        try {
            JsonNode json = new ObjectMapper().readTree(SmallFile.read(file, MOST_BYTES));
            String name = json.path("name").asText();
            return file.getFileName().toString().equals(name + SUFFIX)
                    ? Optional.of(new Entry(
                            name,
                            json.path("http").asText(),
                            json.path("akka").asText(),
                            json.path("pid").asLong(),
                            json.path("certificate").asText()))
                    : Optional.empty();
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * How the nodes of a run's folder are asked.
     *
     * @param token that the user gave; empty: none, and nodes on loopback get the one beside their file
     * @param certificates of nodes that are trusted, as the user gave them; null: the one that a node's own file names
     * @throws UserException where the files are not this user's, and lead elsewhere or are to get the token
     */
    public static List<NodeAddress> targets(Path run, String token, @Nullable Path certificates) {
        List<NodeAddress> targets = new ArrayList<>();
        for (Entry entry : read(run)) {
            Path file = folder(run).resolve(entry.name() + SUFFIX);
            boolean own = Ownership.isOwn(folder(run)) && Ownership.isOwn(file);
            boolean near = NodeAddress.isLoopback(entry.http());
            if (!own && (!near || !token.isEmpty())) {
                throw new UserException(file + ": others may have written it, and it leads to " + entry.http()
                        + (token.isEmpty() ? "" : " with your token")
                        + "; if that is a node of yours, give --node " + entry.http());
            }
            NodeAddress node = new NodeAddress(
                    entry.http(),
                    token.isEmpty() && own && near ? tokenBeside(file) : token,
                    certificates == null && own ? certificate(file, entry) : certificates);
            if (node.api().isEmpty()) {
                throw new UserException(file + ": says that its node is at \"" + entry.http()
                        + "\", which is no HOST:PORT; remove the file, or give --node");
            }
            targets.add(node);
        }
        return targets;
    }

    private static @Nullable Path certificate(Path file, Entry entry) {
        try {
            return entry.certificate().isEmpty() ? null : Path.of(entry.certificate());
        } catch (InvalidPathException e) {
            throw new UserException(file + ": names a certificate that is no path; remove the file, or give --node", e);
        }
    }

    private static String tokenBeside(Path file) {
        String name = file.getFileName().toString();
        Path token = file.resolveSibling(name.substring(0, name.length() - SUFFIX.length()) + TOKEN);
        return Ownership.isOwn(token) ? NodeAddress.readToken(token.toString()) : "";
    }
}
