package io.flm.data;

import com.typesafe.config.Config;
import com.typesafe.config.ConfigUtil;
import io.flm.data.DataSettings.Captions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;

/**
 * A source of a mixture, {@code flm.data.sources.NAME}; of data that are no mixture the only one, without a name.
 *
 * @param paths its data
 * @param weight its samples in a step, beside the weights of the others
 * @param captions which of a sample's captions is read
 * @param pictures what a picture is
 * @param augmentation of its pictures
 */
public record SourceSettings(
        String name,
        List<Path> paths,
        double weight,
        Captions captions,
        PictureSettings pictures,
        Augmentation augmentation) {
    /** The group of all of them. */
    public static final String GROUP = "flm.data.sources";

    /** What a name may be: a part of a key, of a figure's name and of a command line. */
    public static final Pattern NAME = Pattern.compile("[A-Za-z0-9][A-Za-z0-9_-]{0,31}");

    /** What names match, in words. */
    public static final String NAME_RULE = "up to 32 letters a to z, digits, - and _, the first no sign";

    /** More have so small shares that nobody sees them in a curve; each has some figures there. */
    public static final int MOST = 16;

    public SourceSettings {
        paths = List.copyOf(paths);
        if (!(weight > 0 && weight < Double.POSITIVE_INFINITY)) {
            throw new UserException(key(name, "weight") + " = " + weight + ": give a number above 0");
        }
    }

    /** The names that a configuration has, sorted: the order in which sources are written must not matter. */
    public static List<String> names(Config root) {
        return root.hasPath(GROUP)
                ? List.copyOf(new TreeSet<>(root.getObject(GROUP).keySet()))
                : List.of();
    }

    /** A configuration without data where another one, which lies over it, names some: a mixture takes the place of data, and they its. */
    public static Config withoutData(Config below, Config over) {
        if (over.hasPath(GROUP)) {
            return below.withoutPath("flm.data.paths");
        }
        return over.hasPath("flm.data.paths") ? below.withoutPath(GROUP) : below;
    }

    /** The key of a source: {@code flm.data.sources.coco.paths}. */
    public static String key(String name, String key) {
        return GROUP + "." + ConfigUtil.joinPath(name) + "." + key;
    }

    /** The paths of training data that a configuration has, those of its sources one after another. */
    public static List<Path> paths(Config root) {
        List<Path> paths = new ArrayList<>();
        all(root).forEach(source -> paths.addAll(source.paths));
        return List.copyOf(paths);
    }

    /** By name; of data that are no mixture one, with what {@code flm.data} says. */
    static List<SourceSettings> all(Config root) {
        List<String> names = names(root);
        if (names.isEmpty()) {
            return List.of(of("", root));
        }
        if (!root.getStringList("flm.data.paths").isEmpty()) {
            throw new UserException("flm.data.paths and " + GROUP + " both say what to train on; give one");
        }
        if (names.size() > MOST) {
            throw new UserException(
                    GROUP + ": " + names.size() + " sources are more than " + MOST + "; join some of them");
        }
        return names.stream().map(name -> named(name, root)).toList();
    }

    private static SourceSettings named(String name, Config root) {
        if (!NAME.matcher(name).matches()) {
            throw new UserException(
                    key(name, "paths") + ": the name of a source has " + NAME_RULE + "; give it another name");
        }
        Config own = root.getConfig(GROUP + "." + ConfigUtil.joinPath(name));
        if (!own.hasPath("paths") || own.getStringList("paths").isEmpty()) {
            throw new UserException(key(name, "paths") + " is empty: give the data of this source with --source " + name
                    + "=PATH, or do without it");
        }
        return of(name, own.atPath("flm.data").withFallback(root));
    }

    /** @param root with what the source says of its own in the place of what {@code flm.data} says */
    private static SourceSettings of(String name, Config root) {
        Config c = root.getConfig("flm.data");
        return new SourceSettings(
                name,
                c.getStringList("paths").stream().map(Path::of).toList(),
                c.getDouble("weight"),
                Captions.of(c),
                PictureSettings.from(root),
                Augmentation.from(c.getConfig("augment")));
    }
}
