package io.flm.worker.weights;

import io.flm.data.FileErrors;
import io.flm.data.UserException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** Opens files of tensors by what they hold, whatever their names end with. */
public final class TensorFiles {
    /** What weights are called in the folders of models; the first that is there is taken. */
    private static final List<String> NAMES = List.of(
            "model.safetensors",
            "model.safetensors.index.json",
            "open_clip_model.safetensors",
            "pytorch_model.bin",
            "pytorch_model.bin.index.json",
            "open_clip_pytorch_model.bin",
            "weights.safetensors");

    private static final byte[] ZIP = {'P', 'K', 3, 4};
    private static final int PICKLE = 0x80;

    private TensorFiles() {}

    /**
     * Opens a safetensors file, one of torch.save, the {@code index.json} of several of either, or the folder of a model.
     *
     * @throws io.flm.data.UserException in one line, where it is none of these, or cut, or holds code
     */
    public static TensorFile open(Path path) {
        Path file = Files.isDirectory(path) ? inFolder(path) : path;
        if (file.toString().endsWith(".json")) {
            return ShardedTensors.open(file);
        }
        byte[] first = first(file);
        if (first.length == ZIP.length && first[0] == ZIP[0] && first[1] == ZIP[1] && first[2] == ZIP[2]) {
            return TorchArchive.open(file);
        }
        if (first.length > 1 && (first[0] & 0xff) == PICKLE && first[1] >= 2 && first[1] <= 5) {
            throw new UserException(file + ": written by torch before 1.6, or as it was then; convert it with"
                    + " Python: torch.save(torch.load(FILE, map_location=\"cpu\", weights_only=True), OTHER)");
        }
        return SafetensorsFile.open(file);
    }

    private static Path inFolder(Path folder) {
        return NAMES.stream()
                .map(folder::resolve)
                .filter(Files::isRegularFile)
                .findFirst()
                .orElseThrow(() -> new UserException(
                        folder + ": holds none of " + String.join(", ", NAMES) + "; give the file itself"));
    }

    private static byte[] first(Path file) {
        try {
            if (Files.exists(file) && !Files.isRegularFile(file)) {
                throw new UserException(file + ": not a regular file; give a file of weights");
            }
            try (InputStream in = Files.newInputStream(file)) {
                return in.readNBytes(ZIP.length);
            }
        } catch (NoSuchFileException e) {
            throw new UserException(file + ": no such file", e);
        } catch (IOException e) {
            throw new UserException(file + ": cannot be read (" + FileErrors.reason(e) + ")", e);
        }
    }
}
