package io.flm.data;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Whose files are. What somebody else may have written can lead this user's program to somebody else's machine or files. */
public final class Ownership {
    private static @Nullable UserPrincipal self;

    private Ownership() {}

    /** Whether a file or folder, no link to one, is this user's, and nobody else may write it. */
    public static boolean isOwn(Path path) {
        try {
            return others(path, self()).isEmpty();
        } catch (IOException | UnsupportedOperationException e) {
            return false; // not there, or of a file system that does not say
        }
    }

    /**
     * Who else may write into a folder that is no link, as the end of a sentence about it; empty: nobody. This user is whoever owns
     * what is made there: a file system of another host may give users other names.
     *
     * @throws IOException where nothing can be made there
     * @throws UnsupportedOperationException where the file system knows no owners
     */
    static Optional<String> othersOf(Path folder) throws IOException {
        return others(folder, owner(Files.createTempFile(folder, ".flm-", ".owner")));
    }

    private static Optional<String> others(Path path, UserPrincipal self) throws IOException {
        PosixFileAttributes attributes =
                Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        if (attributes.isSymbolicLink()) {
            return Optional.of("is a link");
        }
        if (!attributes.owner().equals(self)) {
            return Optional.of("belongs to " + attributes.owner().getName());
        }
        if (attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
            return Optional.of("everybody may write into it");
        }
        return attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
                ? Optional.of("its group " + attributes.group().getName() + " may write into it")
                : Optional.empty();
    }

    /** The owner of what this process makes: the name of its user may be unknown, in containers. */
    private static synchronized UserPrincipal self() throws IOException {
        UserPrincipal known = self;
        if (known == null) {
            known = owner(Files.createTempFile("flm-", ".owner"));
            self = known;
        }
        return known;
    }

    /** @param made is deleted */
    private static UserPrincipal owner(Path made) throws IOException {
        try {
            return Files.getOwner(made);
        } finally {
            Files.delete(made);
        }
    }
}
