package io.flm.data.annotation;

import io.flm.data.PictureSource;
import io.flm.data.PictureSource.Given;
import io.flm.data.PictureSource.Opened;
import io.flm.data.PlainText;
import io.flm.data.RemoteSettings;
import io.flm.data.UserException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;

/**
 * The pictures that tables of captions speak of.
 *
 * @param given the paths of them: a table may name a picture from where they begin, {@code /data/train2014/a.jpg}
 */
public record PicturePlaces(PictureSource source, List<Given> given) {
    public PicturePlaces {
        given = List.copyOf(given);
    }

    /**
     * Opens them; the source is to be closed.
     *
     * @param paths as {@link PictureSource#open} takes them
     * @param remote how tar files on servers are read
     */
    public static PicturePlaces open(List<Path> paths, RemoteSettings remote) {
        Opened opened = PictureSource.openEach(paths, remote);
        return new PicturePlaces(opened.source(), opened.given());
    }

    /**
     * A picture by its path in its folder or tar file, also with that folder's name or whole path before it: then it is one of that
     * folder, whatever others hold.
     *
     * @throws io.flm.data.UserException where several are found
     */
    OptionalLong find(String named) {
        String path = named.startsWith("./") ? named.substring(2) : named;
        OptionalLong found = source.find(path);
        return found.isPresent() ? found : findBelow(path);
    }

    private OptionalLong findBelow(String path) {
        OptionalLong found = OptionalLong.empty();
        for (Given each : given) {
            String below = below(each.path().toAbsolutePath().normalize(), path);
            OptionalLong its = below.isEmpty() ? OptionalLong.empty() : source.findWhole(below, each.from(), each.to());
            if (its.isPresent() && found.isPresent()) {
                throw new UserException(
                        source.name(found.getAsLong()) + " and " + source.name(its.getAsLong())
                                + " are both called " + PlainText.of(path)
                                + ", so which one is meant cannot be told; give only one of them, or the path with more folders");
            }
            found = its.isPresent() ? its : found;
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
