package io.flm.worker.checkpoint;

import io.flm.data.FileTree;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/** The operations on which a checkpoint's safety rests; tests let each of them fail, or be the last before a kill. */
class Disk {
    /** A new file; what is written is on the disk when {@link Output#sync} has returned. */
    interface Output extends WritableByteChannel {
        void sync() throws IOException;
    }

    Output create(Path file) throws IOException {
        FileChannel channel = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        return new Output() {
            @Override
            public int write(ByteBuffer bytes) throws IOException {
                return channel.write(bytes);
            }

            @Override
            public void sync() throws IOException {
                channel.force(true);
            }

            @Override
            public boolean isOpen() {
                return channel.isOpen();
            }

            @Override
            public void close() throws IOException {
                channel.close();
            }
        };
    }

    void createFolder(Path folder) throws IOException {
        Files.createDirectories(folder);
    }

    /** Renames a folder; the new name must be free. It outlives a power failure once the parent is synced. */
    void move(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Makes the names in a folder outlive a power failure. */
    void syncFolder(Path folder) throws IOException {
        try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Deletes a folder and its files; no folder, no error. */
    void delete(Path folder) throws IOException {
        FileTree.delete(folder);
    }
}
