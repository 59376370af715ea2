package io.flm.launch.config;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigRenderOptions;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.flm.data.PlainText;
import io.flm.data.RemotePath;
import io.flm.data.SourceSettings;
import io.flm.data.UserException;
import io.flm.worker.checkpoint.Checkpoint;
import io.flm.worker.config.Key;
import io.flm.worker.config.Keys;
import io.flm.worker.config.SourceKeys;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;

/**
 * The effective configuration and where each of its values came from: the modules' {@code reference.conf}, over them the
 * preset, the file of {@code --config}, each {@code --set}, and last the options of the command. Keys below {@code flm} that
 * no module defines are errors, and so are values of another type.
 */
public final class Configuration {
    private static final String DEFAULT = "default";

    private static final String PATHS = "flm.data.paths";

    private static final String TOKEN_FILE = "flm.data.remote.token-file";

    /** Keys whose values are paths, those of sources aside: relative ones count from where they are written. */
    private static final List<String> PATH_KEYS = List.of(
            PATHS,
            "flm.data.eval-paths",
            "flm.data.tokenizer",
            TOKEN_FILE,
            "flm.data.remote.cache-folder",
            "flm.task.train",
            "flm.task.val",
            "flm.task.first-stage",
            "flm.checkpoint.from",
            "flm.model.init.image",
            "flm.model.init.text",
            "flm.model.init.whole",
            "flm.http.token-file",
            "flm.http.read-token-file",
            "flm.http.tls.certificate",
            "flm.http.tls.key",
            "flm.node.key-store",
            "flm.node.data-roots");

    /**
     * Keys, and groups of keys, of the machine: where a node listens, whom it lets in, whose files it opens, what it shows to servers of
     * data and what it keeps of them. Its owner says so, and nothing that came with a run or a checkpoint.
     */
    private static final List<String> OF_THE_NODE = List.of(
            "flm.node",
            "flm.http",
            "flm.data.remote",
            "flm.exchange.host",
            "flm.exchange.port",
            "flm.exchange.directory");

    /** How the origins of what came with a run's folder or a checkpoint begin. */
    private static final String OF_A_RUN = "resumed run, ";

    private static final String OF_A_CHECKPOINT = "checkpoint ";

    /** Stands for this program's folder in a text that other hosts read. */
    private static final String HOME = "flm-home:/";

    private static final ConfigRenderOptions CONCISE = ConfigRenderOptions.concise();

    private final Config config;
    private final Map<String, String> origins;

    private Configuration(Config config, Map<String, String> origins) {
        this.config = config;
        this.origins = origins;
    }

    /**
     * Whether somebody asked for the share that is held out. Else it is the default for data of one's own, or what a run or a checkpoint
     * began with.
     */
    public boolean asksForHoldOut() {
        String origin = origins.getOrDefault("flm.data.hold-out", DEFAULT);
        return origin.startsWith("--") || origin.startsWith("file ");
    }

    /** The whole configuration, Akka's part included. */
    public Config config() {
        return config;
    }

    /** Only the {@code flm} keys that something set. */
    public Config given() {
        Config given = ConfigFactory.empty();
        for (Map.Entry<String, String> origin : origins.entrySet()) {
            if (!origin.getValue().equals(DEFAULT)) {
                given = given.withValue(origin.getKey(), config.getValue(origin.getKey()));
            }
        }
        return given;
    }

    /**
     * Looks whether a token for servers of data is there, and a server that the user did not name: a run's folder or a checkpoint may be
     * a stranger's, and the servers in it his.
     *
     * @throws UserException where there is, with the server and the key
     */
    public void requireNamedServers() {
        if (config.getString(TOKEN_FILE).isEmpty()) {
            return;
        }
        origins.forEach((key, origin) -> {
            if (origin.startsWith(OF_A_RUN) || origin.startsWith(OF_A_CHECKPOINT)) {
                Object value = config.getValue(key).unwrapped();
                for (Object each : value instanceof List<?> list ? list : List.of(value)) {
                    if (each instanceof String path && path.matches("(?is)https?:/.*")) {
                        throw new UserException(origin + ": names " + RemotePath.shown(Path.of(path)) + " (" + key
                                + "), to which the token of " + TOKEN_FILE
                                + " would be shown; if that server is yours, name it on the command line, too");
                    }
                }
            }
        });
    }

    /** The options that say of the node again what something said: it is not read back from the run's folder. */
    public List<String> nodeOptions() {
        List<String> options = new ArrayList<>();
        origins.forEach((key, origin) -> {
            if (isOfTheNode(key) && !origin.equals(DEFAULT)) {
                Object value = config.getValue(key).unwrapped();
                options.addAll(List.of("--set", key + "=" + (value instanceof List<?> ? value(key) : value)));
            }
        });
        return options;
    }

    private static boolean isOfTheNode(String key) {
        return OF_THE_NODE.stream().anyMatch(group -> key.equals(group) || key.startsWith(group + "."));
    }

    /**
     * The {@code flm} keys as a text for nodes on other hosts: paths within this program's folder are written so that each host
     * finds its own.
     */
    public String portable(Path home) {
        Config portable = config.withOnlyPath(KnownKeys.ROOT);
        for (String key : pathKeys(portable)) {
            portable = portable.withValue(
                    key,
                    eachPath(
                            portable.getValue(key),
                            path -> path.startsWith(home + "/")
                                    ? HOME + path.substring(home.toString().length() + 1)
                                    : path));
        }
        return portable.root().render(CONCISE);
    }

    private static List<String> pathKeys(Config config) {
        List<String> keys = new ArrayList<>(PATH_KEYS);
        SourceSettings.names(config).forEach(name -> keys.add(SourceSettings.key(name, "paths")));
        return keys;
    }

    private static ConfigValue eachPath(ConfigValue value, UnaryOperator<String> change) {
        Object changed = value.unwrapped() instanceof List<?> list
                ? list.stream().map(path -> change.apply(String.valueOf(path))).toList()
                : change.apply(String.valueOf(value.unwrapped()));
        return ConfigValueFactory.fromAnyRef(changed, value.origin().description());
    }

    /** The value of a key as HOCON. */
    String value(String key) {
        return PlainText.of(config.getValue(key).render(CONCISE)); // the same value, written out
    }

    /** The {@code flm} keys as a HOCON file, each with its origin; it can be given back by {@code --config}. */
    public String render() {
        StringBuilder out = new StringBuilder();
        int width = origins.keySet().stream()
                .mapToInt(key -> key.length() + value(key).length())
                .max()
                .orElse(0);
        origins.forEach((key, origin) -> {
            String line = key + " = " + value(key);
            out.append(line)
                    .append(" ".repeat(Math.max(1, Math.min(width, 72) + 5 - line.length())))
                    .append("# ")
                    .append(PlainText.of(origin))
                    .append('\n');
        });
        return out.toString();
    }

    public static Builder builder() {
        return new Builder();
    }

    /** The keys of this program, those of the libraries beside them. */
    public static KnownKeys knownKeys() {
        return Reference.KNOWN;
    }

    /** What lies below all layers; read once a process. */
    private static final class Reference {
        static final Config CONFIG = ConfigFactory.parseResources("node.conf")
                .withFallback(ConfigFactory.defaultReferenceUnresolved())
                .resolve();
        static final KnownKeys KNOWN = new KnownKeys(Keys.known(), CONFIG.root().keySet());
    }

    /** Collects layers, the lowest first. */
    public static final class Builder {
        private final Config reference = Reference.CONFIG;
        private final KnownKeys known = Reference.KNOWN;
        private final Map<String, String> origins = new TreeMap<>();
        private Config config = reference;
        private String preset = ""; // the origin of its values

        private Builder() {
            known.keys().forEach(key -> origins.put(key, DEFAULT));
        }

        /** A preset by name; its relative paths count from {@code home}. */
        public Builder preset(String name, Path home) {
            if (!Presets.NAMES.contains(name)) {
                throw new UserException("--preset " + name + ": no such preset; give one of "
                        + String.join(", ", Presets.NAMES) + ", or your own file with --config");
            }
            preset = "preset " + name;
            return layer(ConfigFactory.parseResources(Presets.resource(name)).resolve(), preset, home);
        }

        /** How models are fine-tuned on a task, over what they were pretrained with; in upper or lower case, as its key takes it. */
        public Builder task(String task) {
            String name = task.toLowerCase(Locale.ROOT);
            Config layer = ConfigFactory.parseResources("tasks/all.conf");
            Config own = ConfigFactory.parseResources("tasks/" + name + ".conf");
            return layer(own.withFallback(layer).resolve(), "task " + name, Path.of(""));
        }

        /** A file of the user; its relative paths count from its folder. */
        public Builder file(Path file) {
            return layer(
                    Hocon.own(file, known),
                    "file " + file,
                    file.toAbsolutePath().resolveSibling(""));
        }

        /**
         * The configuration in a run's folder, which may be somebody else's: it can read no other file and no environment, and says
         * nothing of this node.
         *
         * @param note is told what it would have said of it
         */
        public Builder run(Path file, Consumer<String> note) {
            Config layer = Hocon.closed(Hocon.read(file), file.toString());
            if (layer.isEmpty()) {
                throw new UserException(
                        file + ": is empty, so the run's configuration is lost; start another run with --run");
            }
            if (!layer.root().keySet().equals(Set.of(KnownKeys.ROOT))) {
                throw new UserException(file + ": holds other keys than those below flm");
            }
            return foreign(layer, OF_A_RUN + file, file.toAbsolutePath().resolveSibling(""), note);
        }

        /** The configuration of a checkpoint, for a new run that begins with its weights; likewise. */
        public Builder checkpoint(Checkpoint checkpoint, Consumer<String> note) {
            String origin = OF_A_CHECKPOINT + checkpoint.folder();
            Config layer = checkpoint
                    .identity()
                    .config(checkpoint.folder().toString())
                    .withoutPath("flm.model.init"); // its weights have taken their place
            return foreign(layer, origin, checkpoint.folder(), note);
        }

        private Builder foreign(Config layer, String origin, Path folder, Consumer<String> note) {
            Config ofRun = known.check(layer, origin).withoutPath("flm.checkpoint.accept");
            Set<String> left = new TreeSet<>();
            for (Map.Entry<String, ConfigValue> entry : ofRun.entrySet()) {
                String key = entry.getKey();
                Object value = entry.getValue().unwrapped();
                if (isOfTheNode(key)
                        && !value.equals(known.check(reference.withOnlyPath(key), DEFAULT)
                                .getValue(key)
                                .unwrapped())) {
                    left.add(key);
                }
            }
            if (!left.isEmpty()) {
                note.accept(origin + ": not taken, since it is this node's owner who says so: "
                        + String.join(", ", left) + "; give them with --set or --config");
            }
            for (String key : OF_THE_NODE) {
                ofRun = ofRun.withoutPath(key);
            }
            return layer(ofRun, origin, folder);
        }

        /** A text of {@link #portable}, or one that somebody wrote: it can read no file and no environment variable. */
        public Builder text(String text, String origin, Path home) {
            Config layer = Hocon.closed(text, origin);
            if (!layer.root().keySet().stream().allMatch(KnownKeys.ROOT::equals)) {
                throw new UserException(origin + ": holds other keys than those below flm: "
                        + String.join(", ", layer.root().keySet()));
            }
            for (String key : pathKeys(layer)) {
                if (layer.hasPath(key)) {
                    layer = layer.withValue(
                            key,
                            eachPath(
                                    layer.getValue(key),
                                    path -> path.startsWith(HOME)
                                            ? home.resolve(path.substring(HOME.length()))
                                                    .toString()
                                            : path));
                }
            }
            return layer(layer, origin, home);
        }

        /** {@code key=value}, as after {@code --set}. */
        public Builder set(String assignment, Path folder) {
            int equals = assignment.indexOf('=');
            if (equals < 1) {
                throw new UserException("--set " + assignment + ": give key=value, such as flm.train.lanes=8");
            }
            String key = assignment.substring(0, equals).strip();
            String text = assignment.substring(equals + 1).strip();
            return layer(known.parse(key, text, "--set"), "--set", folder);
        }

        /** An option of the command line that stands for a key. */
        public Builder option(String key, Object value, String option, Path folder) {
            if (!known.isKey(key)) {
                throw new IllegalStateException(option + " stands for " + key + ", which no module defines");
            }
            return layer(ConfigValueFactory.fromAnyRef(value, option).atPath(key), option, folder);
        }

        /** Whether a layer so far says something of a key. */
        public boolean names(String key) {
            return config.hasPath(key);
        }

        public Configuration build() {
            boolean own = origins.entrySet().stream()
                    .filter(origin -> isTrainingData(origin.getKey()))
                    .anyMatch(origin -> !DEFAULT.equals(origin.getValue()) && !preset.equals(origin.getValue()));
            if (!preset.isEmpty() && own) {
                forOwnData();
            }
            return new Configuration(config, origins);
        }

        /** What the preset says of its own data goes, and a share of the user's is held out if no other held-out data are given. */
        private void forOwnData() {
            for (String key : known.keys()) {
                if (preset.equals(origins.get(key)) && Presets.isOfTheirData(key)) {
                    config = config.withValue(key, reference.getValue(key));
                    origins.put(key, DEFAULT);
                }
            }
            boolean set = !DEFAULT.equals(origins.get("flm.data.hold-out"));
            if (!set && config.getStringList("flm.data.eval-paths").isEmpty()) {
                option("flm.data.hold-out", Presets.HOLD_OUT, "data of one's own", Path.of(""));
            }
        }

        private static boolean isTrainingData(String key) {
            return key.equals(PATHS)
                    || SourceKeys.general(key).filter(PATHS::equals).isPresent();
        }

        private Builder layer(Config layer, String origin, Path folder) {
            Config checked = absolute(known.check(layer, origin), folder);
            dropOtherData(checked);
            if (checked.hasPath(KnownKeys.ROOT)) {
                for (Map.Entry<String, ConfigValue> entry :
                        checked.withOnlyPath(KnownKeys.ROOT).entrySet()) {
                    origins.put(entry.getKey(), origin);
                }
            }
            config = checked.withFallback(config);
            return this;
        }

        /** A mixture takes the place of the data that a lower layer names, and data that of its mixture. */
        private void dropOtherData(Config layer) {
            config = SourceSettings.withoutData(config, layer);
            if (!config.hasPath(SourceSettings.GROUP)) {
                origins.keySet().removeIf(SourceKeys::isBelow);
            }
            if (!config.hasPath(PATHS)) {
                config = config.withValue(PATHS, reference.getValue(PATHS));
                origins.put(PATHS, DEFAULT);
            }
        }

        private static Config absolute(Config layer, Path folder) {
            Config absolute = layer;
            for (String key : pathKeys(layer)) {
                if (layer.hasPath(key)) {
                    absolute = absolute.withValue(key, eachPath(layer.getValue(key), path -> absolute(path, folder)));
                }
            }
            return absolute;
        }

        private static String absolute(String path, Path folder) {
            if (RemotePath.isRemote(path)) {
                return RemotePath.url(path);
            }
            return path.isEmpty() ? path : folder.resolve(path).normalize().toString();
        }
    }

    /** What is known of a key, and its value here, for {@code --json}. */
    public Map<String, Object> toMap(Key key) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("value", config.getValue(key.name()).unwrapped());
        map.put("origin", origins.getOrDefault(key.name(), DEFAULT));
        map.put("default", key.defaultValue().unwrapped());
        map.put("role", key.role().word());
        map.put("expected", key.domain().describe());
        map.put("comment", key.comment());
        return map;
    }

    /** The same for people. */
    public String explain(Key key) {
        return key.name() + " = " + value(key.name()) + "  # " + PlainText.of(origins.getOrDefault(key.name(), DEFAULT))
                + "\n  "
                + key.comment()
                + "\n  takes " + key.domain().describe() + "; default "
                + key.defaultValue().render(CONCISE) + "\n  "
                + key.role().word() + ": " + key.role().meaning() + "\n";
    }
}
