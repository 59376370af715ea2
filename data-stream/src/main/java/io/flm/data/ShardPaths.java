package io.flm.data;

import static java.util.stream.Collectors.groupingBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Which shards are meant by the paths that users give: files, folders of them, and names with braces. */
final class ShardPaths {
    private static final Pattern TAR = Pattern.compile(".*\\.(tar|tgz|tar\\.[a-z0-9]{1,4}|tbz2?|txz|tzst)");
    private static final Pattern SHARD = Pattern.compile(TAR + "|.*\\.arrow");
    private static final Set<String> OF_PACKED =
            Set.of("pack.json", "shards.jsonl", "left-out.jsonl", "statistics.html");

    /** In a folder without other shards; beside tar files they say of samples what nobody asks here. */
    private static final Pattern PARQUET = Pattern.compile(".*\\.parquet");

    private static final int MOST_NAMED = 3;

    private ShardPaths() {}

    /** Whether a file is a shard by its name, in lower case. */
    static boolean isShard(String name) {
        return SHARD.matcher(name).matches();
    }

    /** Whether a file of this name belongs to all shards that were packed there. */
    static boolean isOfPacked(String name) {
        return OF_PACKED.contains(name);
    }

    /** Whether a file is a Parquet file by its name, in lower case. */
    static boolean isParquet(String name) {
        return PARQUET.matcher(name).matches();
    }

    /** The shards in the order of {@code paths}, those of a folder by name. What lies beside them there goes to {@code leftOut}. */
    static List<Path> files(List<Path> paths, LeftOut leftOut) {
        return files(paths, SHARD, leftOut);
    }

    /** The same of tar files alone: pictures of Arrow files cannot be named from elsewhere. */
    static List<Path> tars(List<Path> paths, LeftOut leftOut) {
        return files(paths, TAR, leftOut);
    }

    private static List<Path> files(List<Path> paths, Pattern kind, LeftOut leftOut) {
        List<Path> files = new ArrayList<>();
        for (Path path : paths) {
            if (RemotePath.isRemote(path)) {
                Braces.expand(path.toString()).forEach(url -> files.add(Path.of(url)));
            } else if (!Files.exists(path) && path.toString().contains("{")) {
                files.addAll(expanded(path, kind, leftOut));
            } else {
                files.addAll(files(path, kind, leftOut));
            }
        }
        return files;
    }

    /** What a name with braces stands for. */
    static List<Path> named(Path pattern) {
        boolean staysInside = !RemotePath.isRemote(pattern) && pattern.equals(pattern.normalize());
        List<Path> named = new ArrayList<>();
        for (String text : Braces.expand(pattern.toString())) {
            Path path = Path.of(text);
            // Who may name the pattern may not leave its folder by {.,.}{.,.}.
            if (staysInside && !path.equals(path.normalize())) {
                throw new UserException(pattern + ": braces must not stand for . or ..");
            }
            named.add(path);
        }
        return named;
    }

    private static List<Path> expanded(Path pattern, Pattern kind, LeftOut leftOut) {
        List<Path> files = new ArrayList<>();
        List<Path> missing = new ArrayList<>();
        for (Path path : named(pattern)) {
            if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                files.addAll(files(path, kind, leftOut));
            } else {
                missing.add(path);
            }
        }
        if (!missing.isEmpty()) {
            String named = String.join(
                    ", ", missing.stream().limit(MOST_NAMED).map(Path::toString).toList());
            throw new UserException(named
                    + (missing.size() > MOST_NAMED ? " and " + (missing.size() - MOST_NAMED) + " more" : "") + " of "
                    + pattern + ": no such file; give other data");
        }
        return files;
    }

    private static List<Path> files(Path path, Pattern kind, LeftOut leftOut) {
        if (!Files.isDirectory(path)) {
            return List.of(path); // what else it is, is said where it is opened
        }
        List<Path> shards = new ArrayList<>();
        List<String> folders = new ArrayList<>();
        try (Stream<Path> listed = Files.list(path)) {
            List<Path> files = listed.sorted().toList();
            Pattern taken = kind == SHARD && files.stream().noneMatch(file -> isOf(SHARD, file)) ? PARQUET : kind;
            for (Path file : files) {
                String name = String.valueOf(file.getFileName());
                if (name.endsWith(IndexFile.END) || isOfPacked(name)) {
                    continue; // of a shard, or of all that were packed there
                }
                if (name.startsWith(".")) { // such as ._a.tar, which macOS writes beside a.tar on foreign disks
                    leftOut.add(file.toString(), "a hidden file");
                } else if (isOf(taken, file)) {
                    shards.add(file);
                } else if (Files.isDirectory(file)) {
                    folders.add(name);
                } else {
                    leftOut.add(file.toString(), "no shard");
                }
            }
        } catch (UncheckedIOException e) {
            throw FileErrors.opening(path, new IOException(e.getMessage(), e));
        } catch (IOException e) {
            throw FileErrors.opening(path, e);
        }
        if (shards.isEmpty()) {
            throw new UserException(path + ": holds no .tar, .tar.gz, .arrow or .parquet"
                    + (folders.isEmpty() ? "" : ", and its folders are not searched (" + folders.get(0) + ")")
                    + "; give other data");
        }
        folders.forEach(folder -> leftOut.add(path.resolve(folder).toString(), "a folder within a folder"));
        return shards;
    }

    private static boolean isOf(Pattern kind, Path file) {
        String name = String.valueOf(file.getFileName());
        return !name.startsWith(".")
                && kind.matcher(name.toLowerCase(Locale.ROOT)).matches();
    }

    /** Whether a folder has a tar file in it, not in its folders. */
    static boolean holdsTar(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            return files.anyMatch(file -> isOf(TAR, file));
        } catch (UncheckedIOException e) {
            throw FileErrors.opening(folder, new IOException(e.getMessage(), e));
        } catch (IOException e) {
            throw FileErrors.opening(folder, e);
        }
    }

    /** What messages call each shard: its file's name, with as many of its folders as tell it from others of that name. */
    static List<String> labels(List<Path> files) {
        List<Path> whole = files.stream()
                .map(file -> RemotePath.asOnADisk(file).toAbsolutePath().normalize())
                .toList();
        Map<String, List<Path>> sameName = whole.stream().distinct().collect(groupingBy(file -> tail(file, 1)));
        Map<String, Integer> names = new HashMap<>();
        sameName.forEach((name, same) -> names.put(name, namesThatTell(same)));
        return whole.stream()
                .map(file -> tail(file, names.getOrDefault(tail(file, 1), 1)))
                .toList();
    }

    private static int namesThatTell(List<Path> same) {
        for (int names = 1; ; names++) {
            int count = names;
            if (same.stream().map(file -> tail(file, count)).distinct().count() == same.size()) {
                return names;
            }
        }
    }

    private static String tail(Path file, int names) {
        int count = file.getNameCount();
        return count == 0
                ? file.toString()
                : file.subpath(Math.max(0, count - names), count).toString();
    }
}
