package io.flm.launch.files;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import org.jspecify.annotations.Nullable;

/** Whose files are. What somebody else may have written can lead this user's program to somebody else's machine or files. */
public final class Ownership {
    private static @Nullable UserPrincipal self;

    private Ownership() {}

    /** Whether a file or folder, no link to one, is this user's, and nobody else may write it. */
    public static boolean isOwn(Path path) {
        try {
            PosixFileAttributes attributes =
                    Files.readAttributes(path, PosixFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
            return !attributes.isSymbolicLink()
                    && attributes.owner().equals(self())
                    && !attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)
                    && !attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE);
        } catch (IOException | UnsupportedOperationException e) {
            return false; // not there, or of a file system that does not say
        }
    }

    /** The owner of what this process makes: the name of its user may be unknown, in containers. */
    private static synchronized UserPrincipal self() throws IOException {
        UserPrincipal known = self;
        if (known == null) {
            Path made = Files.createTempFile("flm-", ".owner");
            try {
                known = Files.getOwner(made);
            } finally {
                Files.delete(made);
            }
            self = known;
        }
        return known;
    }
}
