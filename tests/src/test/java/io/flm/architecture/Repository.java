package io.flm.architecture;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** The files of this repository. */
public final class Repository {
    private Repository() {}

    /** Tests start in the folder of their module. */
    public static Path root() {
        for (Path folder = Path.of("").toAbsolutePath(); folder != null; folder = folder.getParent()) {
            if (Files.isRegularFile(folder.resolve("deploy/flm"))) {
                return folder;
            }
        }
        throw new IllegalStateException(
                "not within the repository: " + Path.of("").toAbsolutePath());
    }

    /** The files below a module's {@code src/main} that end so. */
    static List<Path> mainFiles(String suffix) throws IOException {
        List<Path> files;
        try (Stream<Path> modules = Files.list(root())) {
            files = modules.map(module -> module.resolve("src/main"))
                    .filter(Files::isDirectory)
                    .flatMap(Repository::walk)
                    .filter(file -> file.toString().endsWith(suffix))
                    .toList();
        }
        return files;
    }

    private static Stream<Path> walk(Path folder) {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile).toList().stream();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
