package io.flm.data;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Which pictures are meant by the paths that users give: of shards, or of folders of files. */
final class PicturePaths {
    private PicturePaths() {}

    /** See {@link PictureSource#open}: all shards first, then the folders in their order. */
    static PictureSource open(List<Path> paths, RemoteSettings remote) {
        if (paths.isEmpty()) {
            throw new UserException("no pictures: give tar files of them, or folders, beside the annotations");
        }
        List<Path> folders =
                paths.stream().filter(PicturePaths::isFolderOfPictures).toList();
        List<Path> shards =
                paths.stream().filter(path -> !folders.contains(path)).toList();
        List<String> labels = ShardPaths.labels(folders);
        List<PictureSource> sources = new ArrayList<>();
        try {
            if (!shards.isEmpty()) {
                sources.add(Dataset.openPictures(shards, remote));
            }
            for (int i = 0; i < folders.size(); i++) {
                PictureFolder folder = PictureFolder.open(folders.get(i), labels.get(i), PictureFolder.MOST_FILES);
                sources.add(folder);
                if (folder.size() == 0) {
                    throw new UserException(
                            folders.get(i) + ": holds no picture (png, jpg, webp), nor a .tar or .tar.gz"
                                    + (folder.leftOut().total() == 0 ? "" : ", but " + folder.leftOut())
                                    + "; give the folder of the pictures, or their tar files");
                }
            }
            return sources.size() == 1 ? sources.get(0) : new JoinedPictures(sources);
        } catch (RuntimeException e) {
            sources.forEach(PictureSource::close);
            throw e;
        }
    }

    /** A folder that holds no shard by itself. */
    private static boolean isFolderOfPictures(Path path) {
        return Files.isDirectory(path) && !ShardPaths.holdsShard(path);
    }
}
