package io.flm.data;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The paths that users give, those among them replaced that have to be read to know what they stand for: list files ({@link ListFile}), and
 * prefixes of buckets. What is left are files, folders of a disk, and names with braces.
 */
public final class DataPaths {
    /** How keys of a bucket end that are no prefixes. Others are, with or without a slash, which paths lose. */
    private static final Pattern FILE = Pattern.compile(".*\\.(json|csv|tsv|parquet|zip|gz|list)");

    private final List<Path> paths = new ArrayList<>();
    private final Map<Path, ListFile.Line> lines = new HashMap<>(); // by what they name
    private final Set<String> named = new HashSet<>(); // origins, by the user
    private final Set<String> listed = new HashSet<>(); // origins, by lists
    private final LeftOut leftOut = new LeftOut();
    private final RemoteSettings remote;

    private DataPaths(List<Path> given, RemoteSettings remote) {
        try (RemoteFiles servers = new RemoteFiles(remote)) {
            given.forEach(path -> add(path, servers));
        }
        listed.removeAll(named);
        this.remote = remote.hiding(listed);
    }

    /**
     * Reads what has to be read.
     *
     * @param remote how that is done on servers
     * @throws UserException where it cannot be read, or stands for nothing; with the line, where a list is wrong
     */
    public static DataPaths of(List<Path> given, RemoteSettings remote) {
        return new DataPaths(given, remote);
    }

    private void add(Path given, RemoteFiles servers) {
        List<Path> each = Dataset.expanded(given);
        if (each.stream().noneMatch(path -> ListFile.is(path) || isPrefix(path))) {
            paths.add(given); // its braces too: all files that lack are named together
            each.forEach(path -> origin(path, named));
            return;
        }
        for (Path path : each) {
            origin(path, named);
            if (ListFile.is(path)) {
                List<ListFile.Line> all =
                        RemotePath.isRemote(path) ? ListFile.read(path, servers) : ListFile.read(path);
                all.forEach(line -> addLine(line, path, servers));
            } else {
                paths.addAll(isPrefix(path) ? shards(path, servers) : List.of(path));
                requireFew(path, paths);
            }
        }
    }

    private void addLine(ListFile.Line line, Path list, RemoteFiles servers) {
        try {
            for (Path path : Dataset.expanded(line.path())) {
                if (ListFile.is(path)) {
                    throw new UserException((path.equals(list) ? "the list names itself" : "names another list")
                            + "; a list names shards and folders of them");
                }
                origin(path, listed);
                for (Path shard : isPrefix(path) ? shards(path, servers) : List.of(path)) {
                    paths.add(shard);
                    lines.putIfAbsent(shard, line);
                }
                requireFew(list, paths);
            }
        } catch (UserException e) {
            throw line.of(e);
        }
    }

    private static void origin(Path path, Set<String> into) {
        if (RemotePath.isRemote(path) && !RemotePath.isS3(path)) {
            into.add(RemoteSettings.origin(RemotePath.uri(path)));
        }
    }

    private static void requireFew(Path path, List<Path> all) {
        if (all.size() > Braces.MOST) {
            throw new UserException(RemotePath.shown(path) + ": with it more than " + Braces.MOST
                    + " files are named; give folders or prefixes of them");
        }
    }

    /** Whether a path stands for all shards below it in a bucket. */
    private static boolean isPrefix(Path path) {
        String name = String.valueOf(path.getFileName()).toLowerCase(Locale.ROOT);
        return RemotePath.isS3(path)
                && (RemotePath.key(RemotePath.uri(path)).isEmpty()
                        || !(ShardPaths.isShard(name) || FILE.matcher(name).matches()));
    }

    private List<Path> shards(Path prefix, RemoteFiles servers) {
        URI uri = RemotePath.uri(prefix);
        try {
            S3Listing listing = servers.keys(uri);
            leftOut.addAll(listing.leftOut());
            return listing.shards(RemotePath.host(uri));
        } catch (IOException e) {
            throw FileErrors.opening(prefix, e);
        }
    }

    /**
     * All that a path leads to, as far as that is known without a server: what its braces stand for, and what lists on a disk name, beside
     * the lists.
     */
    public static List<Path> reached(Path path) {
        List<Path> reached = new ArrayList<>();
        for (Path each : Dataset.expanded(path)) {
            reached.add(each);
            if (ListFile.is(each) && Files.isRegularFile(each)) {
                for (ListFile.Line line : ListFile.read(each)) {
                    reached.addAll(Dataset.expanded(line.path()));
                    requireFew(each, reached);
                }
            }
        }
        return reached;
    }

    /** Whether a path is a list on a server, of which only the server says what it names. */
    public static boolean isRemoteList(Path path) {
        return RemotePath.isRemote(path) && ListFile.is(path);
    }

    /** Files, folders of a disk, and names with braces, in the order in which they were given. */
    public List<Path> paths() {
        return List.copyOf(paths);
    }

    /** How those on servers are read: one that a list alone names is shown no token. */
    public RemoteSettings remote() {
        return remote;
    }

    /** How those of several sources are read: a server that any of them names itself is shown the token. */
    public static RemoteSettings remote(List<DataPaths> all, RemoteSettings remote) {
        Set<String> hidden = new HashSet<>();
        all.forEach(each -> hidden.addAll(each.listed));
        all.forEach(each -> hidden.removeAll(each.named));
        return remote.hiding(hidden);
    }

    /** What lies below prefixes and is no shard. */
    public LeftOut leftOut() {
        return leftOut;
    }

    /** An error of a file, with the line of the list that names it or its folder. */
    public UserException at(Path file, UserException e) {
        Path folder = file.getParent();
        ListFile.Line line = lines.containsKey(file) || folder == null ? lines.get(file) : lines.get(folder);
        return line == null ? e : line.of(e);
    }
}
