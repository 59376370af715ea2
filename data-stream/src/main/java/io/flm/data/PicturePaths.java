package io.flm.data;

import io.flm.data.PictureSource.Given;
import io.flm.data.PictureSource.Opened;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Which pictures are meant by the paths that users give: of tar files, or of folders of files. */
final class PicturePaths {
    private PicturePaths() {}

    /** See {@link PictureSource#openEach}: all tar files first, then the folders in their order. */
    static Opened open(List<Path> given, RemoteSettings remote) {
        if (given.isEmpty()) {
            throw new UserException("no pictures: give tar files of them, or folders, beside the annotations");
        }
        DataPaths named = DataPaths.of(given, remote);
        List<Path> paths =
                named.paths().stream().flatMap(path -> each(path).stream()).toList();
        List<Path> folders =
                paths.stream().filter(PicturePaths::isFolderOfPictures).toList();
        List<Path> tars = paths.stream().filter(path -> !folders.contains(path)).toList();
        List<String> labels = ShardPaths.labels(folders);
        List<PictureSource> sources = new ArrayList<>();
        List<Given> brought = new ArrayList<>();
        try {
            if (!tars.isEmpty()) {
                sources.add(openTars(tars, named, brought));
            }
            for (int i = 0; i < folders.size(); i++) {
                PictureFolder folder = PictureFolder.open(folders.get(i), labels.get(i), PictureFolder.MOST_FILES);
                sources.add(folder);
                requirePicture(folders.get(i), folder);
                long from =
                        brought.isEmpty() ? 0 : brought.get(brought.size() - 1).to();
                brought.add(new Given(folders.get(i), from, from + folder.size()));
            }
            return new Opened(sources.size() == 1 ? sources.get(0) : new JoinedPictures(sources), brought);
        } catch (RuntimeException e) {
            sources.forEach(PictureSource::close);
            throw e;
        }
    }

    /** Braces of folders stand for each of them; those of tar files are looked up together, so that all that lack are named. */
    private static List<Path> each(Path path) {
        List<Path> named = Dataset.expanded(path);
        return named.stream().anyMatch(Files::isDirectory) ? named : List.of(path);
    }

    private static Dataset openTars(List<Path> paths, DataPaths named, List<Given> brought) {
        LeftOut leftOut = new LeftOut();
        leftOut.addAll(named.leftOut());
        List<Path> files = new ArrayList<>();
        int[] firstFile = new int[paths.size() + 1];
        for (int i = 0; i < paths.size(); i++) {
            files.addAll(ShardPaths.tars(List.of(paths.get(i)), leftOut));
            firstFile[i + 1] = files.size();
        }
        Dataset tars = Dataset.openPictures(files, leftOut, paths, named);
        for (int i = 0; i < paths.size(); i++) {
            brought.add(new Given(paths.get(i), tars.firstIndex(firstFile[i]), tars.firstIndex(firstFile[i + 1])));
        }
        return tars;
    }

    private static void requirePicture(Path path, PictureFolder folder) {
        if (folder.size() == 0) {
            boolean arrows =
                    folder.leftOut().counts().keySet().stream().anyMatch(counted -> counted.startsWith("arrow: "));
            throw new UserException(path + ": holds no picture (" + PictureFormat.ENDS + "), nor a .tar or .tar.gz"
                    + (folder.leftOut().total() == 0 ? "" : ", but " + folder.leftOut())
                    + (arrows
                            ? "; pictures in Arrow files cannot be named by other files: give the folder of the pictures,"
                                    + " or their tar files"
                            : "; give the folder of the pictures, or their tar files"));
        }
    }

    /** A folder that holds no tar file by itself. */
    private static boolean isFolderOfPictures(Path path) {
        return Files.isDirectory(path) && !ShardPaths.holdsTar(path);
    }
}
