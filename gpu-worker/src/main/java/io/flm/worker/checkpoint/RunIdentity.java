package io.flm.worker.checkpoint;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigFactory;
import com.typesafe.config.ConfigValue;
import com.typesafe.config.ConfigValueFactory;
import io.flm.data.UserException;
import io.flm.worker.config.Key;
import io.flm.worker.config.Keys;
import io.flm.worker.config.SourceKeys;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.SortedSet;
import java.util.TreeMap;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * What decides the weights after a step: the settings, and the content of the files that they name. A run resumes bit for bit
 * only with the same. What a key may do is said by the tag above it in {@code reference.conf}: see {@link Key.Role}. Paths may
 * differ, because the content is compared; devices and threads may, because a run must be able to move, though the last bits then
 * differ; the steps may, because a run must be able to go on for longer, though a schedule that falls is stretched over them:
 * see {@link #otherRates}.
 *
 * @param settings the effective {@code flm.*} settings by key
 * @param contents SHA-256 of what the settings refer to, by a word for it: {@code data}, {@code tokenizer}
 * @param changes what differed when the run was resumed and changed the weights from there on, each with its step; the oldest first
 */
public record RunIdentity(
        SortedMap<String, Object> settings, SortedMap<String, String> contents, List<String> changes) {
    /** The content that {@code flm.data.paths} name; what is accepted as changed by this word was mended. */
    public static final String DATA = "data";

    /** SHA-256 of the weights that the run began with. */
    public static final String FROM = "from";

    /** SHA-256 of the weights of other programs that it began with. */
    public static final String INIT = "init";

    private static final String STEPS = "flm.train.steps";
    private static final String SCHEDULE = "flm.train.schedule";

    /** Takes the {@code flm.*} settings from the whole configuration. */
    public static RunIdentity of(Config root, Map<String, String> contents) {
        TreeMap<String, Object> settings = new TreeMap<>();
        root.entrySet().forEach(entry -> {
            if (entry.getKey().startsWith("flm.")) {
                settings.put(entry.getKey(), entry.getValue().unwrapped());
            }
        });
        return new RunIdentity(Collections.unmodifiableSortedMap(settings), new TreeMap<>(contents), List.of());
    }

    /**
     * The settings as configuration, for who evaluates the weights without the files that the run was started with. Keys that this
     * program does not know are left out: nothing reads them.
     *
     * @param where the checkpoint that this identity is of
     * @throws UserException where a key has a value that it cannot have
     */
    public Config config(String where) {
        Config config = ConfigFactory.empty();
        for (Map.Entry<String, Object> setting : settings.entrySet()) {
            Key key = Keys.known().find(setting.getKey()).orElse(null);
            if (key != null) {
                ConfigValue raw = ConfigValueFactory.fromAnyRef(setting.getValue(), where);
                config = config.withValue(
                        key.name(),
                        key.domain()
                                .check(raw)
                                .orElseThrow(() -> new UserException(where + ": " + key.name() + " = "
                                        + setting.getValue() + " was altered: expected "
                                        + key.domain().describe() + "; use another checkpoint")));
            }
        }
        return config;
    }

    /**
     * Checks that {@code wanted} trains on as this does.
     *
     * @param where the checkpoint that this identity is of
     * @throws UserException naming the first difference
     */
    public void requireSame(RunIdentity wanted, String where) {
        resumed(wanted, List.of(), where, 0);
    }

    /**
     * Goes on as {@code wanted}, which may differ in what is accepted.
     *
     * @param accepted keys, or {@link #DATA}
     * @param where the checkpoint that this identity is of
     * @param step its committed steps
     * @return the identity from there on, with all changes so far that the weights follow
     * @throws UserException naming the first difference that is not accepted
     */
    public RunIdentity resumed(RunIdentity wanted, List<String> accepted, String where, long step) {
        List<String> all = new ArrayList<>(changes);
        for (String key : union(settings, wanted.settings)) {
            Object here = value(key);
            Object there = wanted.value(key);
            if (same(key, here, there) || role(key) == Key.Role.OPERATIONAL) {
                continue;
            }
            if (role(key) == Key.Role.IDENTITY && !accepted.contains(key)) {
                throw new UserException(where + " was trained with " + key + " = " + show(here) + ", not " + show(there)
                        + "; set it back, or let the weights follow it from here on with --accept " + key
                        + ", or begin a new run with these weights by --from " + where);
            }
            all.add("step " + step + ": " + key + " " + show(here) + " -> " + show(there));
        }
        for (String content : union(contents, wanted.contents)) {
            String here = contents.get(content);
            String there = wanted.contents.get(content);
            if (Objects.equals(here, there)) {
                continue;
            }
            if (!content.equals(DATA) || !accepted.contains(DATA)) {
                throw new UserException(where + " was trained with another content of " + content + " (SHA-256 "
                        + show(here) + ", now " + show(there) + "); give the same"
                        + (content.equals(DATA)
                                ? ", or let the weights follow data that were mended from here on with --accept data"
                                : "")
                        + ", or begin a new run with these weights by --from " + where);
            }
            all.add("step " + step + ": " + content + " " + show(here) + " -> " + show(there));
        }
        return new RunIdentity(wanted.settings, wanted.contents, List.copyOf(all));
    }

    /** Differences that are allowed, such as {@code flm.worker.workers 1 -> 2}; for the log of a resumed run. */
    public List<String> changesTo(RunIdentity wanted) {
        List<String> changes = new ArrayList<>();
        for (String key : union(settings, wanted.settings)) {
            Object here = value(key);
            Object there = wanted.value(key);
            if (role(key) != Key.Role.IDENTITY && !same(key, here, there)) {
                changes.add(key + " " + show(here) + " -> " + show(there));
            }
        }
        return changes;
    }

    /** Says so where a run that goes on as {@code wanted} has other learning rates than it would have had. */
    public Optional<String> otherRates(RunIdentity wanted) {
        Object here = settings.get(STEPS);
        Object there = wanted.settings.get(STEPS);
        Object schedule = wanted.settings.get(SCHEDULE);
        if (same(STEPS, here, there) || "constant".equalsIgnoreCase(String.valueOf(schedule))) {
            return Optional.empty();
        }
        return Optional.of(STEPS + " " + show(here) + " -> " + show(there) + " with " + SCHEDULE + " = "
                + show(schedule)
                + ": the learning rates from here on are those of a run of " + show(there) + " steps; set " + STEPS
                + " back where that is not wanted");
    }

    private static SortedSet<String> union(SortedMap<String, ?> left, SortedMap<String, ?> right) {
        SortedSet<String> keys = new TreeSet<>(left.keySet());
        keys.addAll(right.keySet());
        return keys;
    }

    /**
     * A key that was not there yet has its default, which is what a program without the key does; one of a source has what is said for
     * all.
     */
    private @Nullable Object value(String key) {
        Object value = settings.get(key);
        if (value != null) {
            return value;
        }
        Optional<String> general = SourceKeys.general(key);
        return general.isPresent()
                ? value(general.get())
                : Keys.known().find(key).map(k -> k.defaultValue().unwrapped()).orElse(null);
    }

    /** A key that this program does not know may have decided the weights. */
    private static Key.Role role(String key) {
        return Keys.known().find(key).map(Key::role).orElse(Key.Role.IDENTITY);
    }

    /** Whether two values mean the same: 1 and 1.0 do, and the "1" of a command line; so do on and true, 1 KiB and 1024. */
    private static boolean same(String key, @Nullable Object left, @Nullable Object right) {
        if (left == null || right == null) {
            return left == right;
        }
        Object here = meaning(key, left);
        Object there = meaning(key, right);
        return (here instanceof Number && there instanceof Number)
                ? new BigDecimal(here.toString()).compareTo(new BigDecimal(there.toString())) == 0
                : here.equals(there);
    }

    private static Object meaning(String key, Object value) {
        ConfigValue raw = ConfigValueFactory.fromAnyRef(value);
        return Keys.known().find(key).map(known -> known.domain().meaning(raw)).orElse(value);
    }

    private static String show(@Nullable Object value) {
        return value == null ? "(none)" : value.toString();
    }
}
