package io.flm.worker.weights;

import com.typesafe.config.Config;
import io.flm.data.UserException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A file, or a model's folder, and the part that it fills. */
public record WeightSource(Part part, Path path) {
    /** Reads {@code flm.model.init}; empty where a model begins with random weights. */
    public static List<WeightSource> from(Config root) {
        List<WeightSource> sources = new ArrayList<>();
        for (Part part : Part.values()) {
            String path = root.getString(key(part));
            if (!path.isEmpty()) {
                sources.add(new WeightSource(part, Path.of(path)));
            }
        }
        if (sources.size() > 1 && sources.get(sources.size() - 1).part() == Part.WHOLE) {
            throw new UserException("flm.model.init: a whole checkpoint fills the encoders, too; give "
                    + key(Part.WHOLE) + ", or " + key(Part.IMAGE) + " and " + key(Part.TEXT));
        }
        return sources;
    }

    /** The key of the configuration that names a part's file. */
    public static String key(Part part) {
        return switch (part) {
            case IMAGE -> "flm.model.init.image";
            case TEXT -> "flm.model.init.text";
            case WHOLE -> "flm.model.init.whole";
        };
    }
}
