package io.flm.worker.train;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Finds a file that is both trained on and scored on. */
public final class SameFiles {
    private SameFiles() {}

    /**
     * What to tell of it.
     *
     * @param trained files that are trained on, as {@code trainedBy} named them
     * @param scored files that are scored, as {@code scoredBy} named them
     * @return empty where no file is in both
     */
    public static Optional<String> told(List<Path> trained, String trainedBy, List<Path> scored, String scoredBy) {
        return scored.stream()
                .filter(file -> trained.stream().anyMatch(other -> isSame(other, file)))
                .findFirst()
                .map(file -> file + " is given to " + trainedBy + " and to " + scoredBy
                        + ": the scores are of samples that are trained on, and say nothing of new ones");
    }

    /** Whether two names lead to one file; names on servers are compared as they are. */
    private static boolean isSame(Path one, Path other) {
        try {
            return one.equals(other) || (Files.exists(one) && Files.exists(other) && Files.isSameFile(one, other));
        } catch (IOException e) { // who reads it will say why it cannot be
            return false;
        }
    }
}
