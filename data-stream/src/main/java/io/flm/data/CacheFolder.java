package io.flm.data;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;

/**
 * The folder of what was fetched, {@code flm.data.remote.cache-folder}. What it holds is believed as the servers are: checksums tell damage,
 * not a forger. So it is its owner's alone, as are those that are made in it.
 */
final class CacheFolder {
    private static final FileAttribute<Set<PosixFilePermission>> OWNERS =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private CacheFolder() {}

    /**
     * Makes it, or looks at the one that is there.
     *
     * @throws UserException where somebody else could write into it, or it cannot be made
     */
    static void require(Path folder) {
        try {
            make(folder);
            requireOwn(folder.toRealPath());
        } catch (UnsupportedOperationException e) {
            return; // a file system without owners
        } catch (IOException e) {
            throw new UserException(
                    folder + ": cannot hold the cache (" + FileErrors.reason(e)
                            + "); name another flm.data.remote.cache-folder",
                    e);
        }
    }

    private static void make(Path folder) throws IOException {
        if (Files.isDirectory(folder)) {
            return;
        }
        Path parent = folder.toAbsolutePath().getParent();
        if (parent != null) {
            Files.createDirectories(parent);
        }
        try {
            Files.createDirectory(folder, OWNERS);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(folder)) {
                throw e;
            }
        }
    }

    private static void requireOwn(Path folder) throws IOException {
        PosixFileAttributes attributes = Files.readAttributes(folder, PosixFileAttributes.class);
        String others = "";
        if (!attributes.owner().equals(self(folder))) {
            others = "belongs to " + attributes.owner().getName();
        } else if (attributes.permissions().contains(PosixFilePermission.OTHERS_WRITE)) {
            others = "everybody may write into it";
        } else if (attributes.permissions().contains(PosixFilePermission.GROUP_WRITE)) {
            others = "its group " + attributes.group().getName() + " may write into it";
        }
        if (!others.isEmpty()) {
            throw new UserException(
                    folder + ": " + others + ", so what it holds could be forged; name a folder of your own"
                            + " as flm.data.remote.cache-folder, or take others' rights away (chmod go-w)");
        }
    }

    /** The owner of what this process makes there: names of users may be unknown, in containers. */
    private static UserPrincipal self(Path folder) throws IOException {
        Path made = Files.createTempFile(folder, ".flm-", ".owner");
        try {
            return Files.getOwner(made);
        } finally {
            Files.delete(made);
        }
    }
}
