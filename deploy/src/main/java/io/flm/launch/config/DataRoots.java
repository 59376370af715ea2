package io.flm.launch.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigValue;
import io.flm.data.DataPaths;
import io.flm.data.RemoteFolders;
import io.flm.data.RemotePath;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.worker.weights.WeightSource;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * The folders whose files a submitted run may name. A run comes over HTTP, from whoever may ask there, and what it names is opened
 * with the rights of this node's user: so the node's owner says where data are. Without a word of his, they are what the node's own
 * configuration names, as it does where {@code flm pretrain} starts the node, and what ships with the program.
 */
public final class DataRoots {
    private static final String KEY = "flm.node.data-roots";
    private static final String PATHS = "flm.data.paths";
    private static final String EVAL_PATHS = "flm.data.eval-paths";
    private static final String ANNOTATIONS = "flm.task.train";
    private static final String EVAL_ANNOTATIONS = "flm.task.val";
    private static final String TOKENIZER = "flm.data.tokenizer";
    private static final String FROM = "flm.checkpoint.from";
    private static final String REMOTE = "flm.data.remote";

    /** More than any data set has shards. */
    private static final int MOST_FILES = 100_000;

    private static final int MOST_TOLD = 10;

    private final List<Path> roots;
    private final RemoteFolders servers; // of the roots
    private final ConfigValue remote; // how this node reads what is on servers

    private DataRoots(List<Path> roots, ConfigValue remote) {
        this.roots = roots;
        this.servers = new RemoteFolders(roots);
        this.remote = remote;
    }

    /**
     * Of a node.
     *
     * @param home this program's folder
     */
    public static DataRoots of(Config node, Path home) {
        List<String> given = node.getStringList(KEY);
        List<Path> roots = new ArrayList<>();
        if (given.isEmpty()) {
            SourceSettings.paths(node).forEach(path -> roots.addAll(DataPaths.reached(path)));
            List.of(EVAL_PATHS, ANNOTATIONS, EVAL_ANNOTATIONS)
                    .forEach(key ->
                            node.getStringList(key).forEach(path -> roots.addAll(DataPaths.reached(Path.of(path)))));
            if (!node.getString(TOKENIZER).isEmpty()) {
                roots.add(Path.of(node.getString(TOKENIZER)));
            }
            if (!node.getString(FROM).isEmpty()) {
                roots.add(Path.of(node.getString(FROM)));
            }
            WeightSource.from(node).forEach(source -> roots.add(source.path()));
            roots.add(home.resolve("data-stream"));
        } else {
            given.forEach(path -> roots.addAll(DataPaths.reached(Path.of(path))));
        }
        return new DataRoots(List.copyOf(roots), node.getValue(REMOTE));
    }

    /** A run's configuration, but for what this node's owner alone says: which token servers of data are shown, and what is kept. */
    public Config withOwn(Config run) {
        return run.withValue(REMOTE, remote);
    }

    /** @throws UserException where the run names a file elsewhere, whether it is there or not */
    public void require(Config run) {
        Set<Path> real = roots.stream()
                .filter(root -> !RemotePath.isRemote(root))
                .map(DataRoots::real)
                .collect(Collectors.toSet());
        require(PATHS, run, real);
        SourceSettings.names(run).forEach(name -> require(SourceSettings.key(name, "paths"), run, real));
        require(ANNOTATIONS, run, real);
        if (run.getLong("flm.evaluate.every") > 0) { // else the submitter evaluates, with rights of his own
            require(EVAL_PATHS, run, real);
            require(EVAL_ANNOTATIONS, run, real);
        }
        require(TOKENIZER, Path.of(run.getString(TOKENIZER)), real);
        if (!run.getString(FROM).isEmpty()) {
            require(FROM, Path.of(run.getString(FROM)), real);
        }
        WeightSource.from(run).forEach(source -> require(WeightSource.key(source.part()), source.path(), real));
    }

    private void require(String key, Config run, Set<Path> realRoots) {
        int files = 0;
        for (String path : run.hasPath(key) ? run.getStringList(key) : List.<String>of()) {
            for (Path file : DataPaths.reached(Path.of(path))) {
                if (++files > MOST_FILES) {
                    throw new UserException(key + ": more than " + MOST_FILES + " files; give folders of shards");
                }
                require(key, file, realRoots);
            }
        }
    }

    private void require(String key, Path path, Set<Path> realRoots) {
        if (RemotePath.isRemote(path)) {
            requireAddress(key, path);
            return;
        }
        for (Path at = real(path); at != null; at = at.getParent()) {
            if (realRoots.contains(at)) {
                return;
            }
        }
        throw refused(key, path);
    }

    /** A server may be one that only this node can reach, so what it is asked for is for its owner to say, too. */
    private void requireAddress(String key, Path path) {
        if (DataPaths.isRemoteList(path)) {
            throw new UserException(key + ": " + RemotePath.shown(path)
                    + " is a list on a server, which may name other files when it is read; name its shards, or a list on this"
                    + " node's disk");
        }
        if (!servers.hold(path)) {
            throw refused(key, path);
        }
    }

    private UserException refused(String key, Path path) {
        return new UserException(key + ": " + RemotePath.shown(path)
                + " is not below the folders that this node takes data from, "
                + roots.stream().limit(MOST_TOLD).map(RemotePath::shown).collect(Collectors.joining(", "))
                + (roots.size() > MOST_TOLD ? ", ..." : "") + "; let its owner add the folder to " + KEY);
    }

    /** Where a path leads, links followed as far as it is there. */
    private static Path real(Path path) {
        Path whole = path.toAbsolutePath().normalize();
        for (Path there = whole; there != null; there = there.getParent()) {
            try {
                return there.toRealPath().resolve(there.relativize(whole));
            } catch (IOException e) {
                // not there, or not to be seen: its folder is
            }
        }
        return whole;
    }
}
