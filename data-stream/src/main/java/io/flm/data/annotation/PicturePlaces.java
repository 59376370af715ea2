package io.flm.data.annotation;

import io.flm.data.PictureSource;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * The pictures that tables of captions speak of.
 *
 * @param paths that were given for them: a table may name a picture from where they begin, {@code /data/train2014/a.jpg}
 */
public record PicturePlaces(PictureSource source, List<Path> paths) {
    public PicturePlaces {
        paths = List.copyOf(paths);
    }

    /**
     * A picture by its path in its folder or tar file, also with that folder's name or whole path before it.
     *
     * @throws io.flm.data.UserException where several are found
     */
    OptionalLong find(String named) {
        String path = named.startsWith("./") ? named.substring(2) : named;
        OptionalLong found = source.find(path);
        for (int i = 0; i < paths.size() && found.isEmpty(); i++) {
            String below = below(paths.get(i).toAbsolutePath().normalize(), path);
            if (!below.isEmpty()) {
                found = source.find(below);
            }
        }
        return found;
    }

    /** What is left of a path behind the folder; empty: it does not begin with it. */
    private static String below(Path folder, String named) {
        try {
            Path path = Path.of(named);
            if (path.isAbsolute()) {
                return path.startsWith(folder) && path.getNameCount() > folder.getNameCount()
                        ? withSlashes(folder.relativize(path))
                        : "";
            }
            for (int names = path.getNameCount() - 1; names > 0; names--) {
                if (folder.endsWith(path.subpath(0, names))) {
                    return withSlashes(path.subpath(names, path.getNameCount()));
                }
            }
            return "";
        } catch (InvalidPathException e) {
            return "";
        }
    }

    private static String withSlashes(Path path) {
        return path.toString().replace(path.getFileSystem().getSeparator(), "/");
    }
}
