package io.flm.data;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.Set;

/**
 * The folder of what was fetched, {@code flm.data.remote.cache-folder}. What it holds is believed as the servers are: checksums tell damage,
 * not a forger. So it is its owner's alone, as are those that are made in it.
 */
final class CacheFolder {
    private static final FileAttribute<Set<PosixFilePermission>> OWNERS =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

    private CacheFolder() {}

    /** The folder of pieces in it, which a user may have made a link to a larger disk. */
    static Path pieces(Path folder) {
        return folder.resolve("pieces");
    }

    /**
     * Makes it, or looks at the one that is there, and where its pieces lie elsewhere, at that folder, too.
     *
     * @throws UserException where somebody else could write into one of them, or one cannot be made
     */
    static void require(Path folder) {
        requireThis(folder);
        if (Files.isSymbolicLink(pieces(folder))) {
            requireThis(pieces(folder));
        }
    }

    private static void requireThis(Path folder) {
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
        Optional<String> others = Ownership.othersOf(folder);
        if (others.isPresent()) {
            throw new UserException(
                    folder + ": " + others.get() + ", so what it holds could be forged; name a folder of your own"
                            + " as flm.data.remote.cache-folder, or take others' rights away (chmod go-w)");
        }
    }
}
