package io.flm.data;

import com.luciad.imageio.webp.WebPWrapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * libwebp, which comes inside of a jar. Its own loader leaves files in the folder of temporary files, and where that folder may
 * hold no programs it prints a stack trace. So a folder is looked for that does, is given to the loader, and is deleted at once:
 * a library that is loaded needs its file no longer.
 */
final class WebpLibrary {
    private static final String FOLDER = "com.luciad.imageio.webp.tmpdir";

    private static @Nullable String problem;
    private static boolean tried;

    private WebpLibrary() {}

    /** Loads the library, once. Throws a {@link UserException} where this machine cannot: that is no fault of a picture. */
    static synchronized void load() {
        if (!tried) {
            problem = problem();
            tried = true;
        }
        if (problem != null) {
            throw new UserException("WebP pictures cannot be decoded on this machine: " + problem);
        }
    }

    private static @Nullable String problem() {
        String resource = resource(System.getProperty("os.name"), System.getProperty("os.arch"));
        if (WebpLibrary.class.getResource(resource) == null) {
            return "libwebp's build for " + System.getProperty("os.name") + " on " + System.getProperty("os.arch")
                    + " is not among this program's libraries; convert them to PNG or JPEG";
        }
        StringBuilder failures = new StringBuilder();
        for (String parent : List.of(System.getProperty("java.io.tmpdir"), System.getProperty("user.home"))) {
            try {
                loadFrom(Path.of(parent), resource);
                return null;
            } catch (IOException | UnsatisfiedLinkError e) {
                failures.append(failures.isEmpty() ? "" : "; ")
                        .append(parent)
                        .append(": ")
                        .append(e);
            }
        }
        return "no folder takes a library (" + failures
                + "); give one that may hold programs: JAVA_TOOL_OPTIONS=-Djava.io.tmpdir=FOLDER";
    }

    private static void loadFrom(Path parent, String resource) throws IOException {
        Path folder = Files.createTempDirectory(parent, ".flm-webp-"); // readable by this user alone
        try {
            Path trial = folder.resolve("trial"); // so that the loader has nothing left to fail at
            try (InputStream in = Objects.requireNonNull(WebpLibrary.class.getResourceAsStream(resource))) {
                Files.copy(in, trial);
            }
            System.load(trial.toString());
            System.setProperty(FOLDER, folder.toString());
            WebPWrapper.loadNativeLibrary();
        } finally {
            System.clearProperty(FOLDER);
            FileTree.delete(folder);
        }
    }

    /** Where the library of a machine lies in the jar. */
    private static String resource(String system, String machine) {
        boolean mac = system.startsWith("Mac");
        return "/native/" + (mac ? "Mac" : system) + "/" + (machine.equals("amd64") ? "x86_64" : machine)
                + "/libwebp-imageio." + (mac ? "dylib" : "so");
    }
}
