package io.flm.data;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * Reads a file that somebody named and that is small by its kind: a token, a node's address, a tokenizer. Of a pipe or a device
 * there would be no end, or not even a beginning.
 */
public final class SmallFile {
    private SmallFile() {}

    /**
     * The whole file.
     *
     * @param most bytes; a larger file is none of its kind
     * @throws FileSystemException where it is no regular file, or too large, with the reason
     */
    public static byte[] read(Path file, int most) throws IOException {
        if (!Files.readAttributes(file, BasicFileAttributes.class).isRegularFile()) {
            throw new FileSystemException(file.toString(), null, "not a regular file");
        }
        try (InputStream in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(most);
            if (in.read() >= 0) {
                throw new FileSystemException(file.toString(), null, "larger than " + most + " bytes");
            }
            return bytes;
        }
    }
}
