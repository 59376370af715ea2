package io.flm.data;

import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A kind of server: how parts of a file are asked for, and what its answers mean. {@link HttpStore} and {@link S3Store} are those that
 * there are; what is common to all, when to try again and which bytes belong together, is {@link RemoteFiles}'.
 */
interface RemoteStore extends AutoCloseable {
    /** A file; nothing is asked for yet. */
    Parts file(URI url);

    @Override
    void close();

    /** The parts of one file. Several threads may ask at the same time. */
    interface Parts {
        /**
         * One try. The buffer has what came of the part, also where this throws or where the answer ended too soon.
         *
         * @param into gets the bytes from {@code position} on; it has room for one at least
         * @param pinned what the answer must be a part of; null: it is the first one
         * @return what the answer is a part of
         * @throws UserException what will not pass, in one line
         * @throws IOException what may pass
         */
        ShardIdentity read(ByteBuffer into, long position, @Nullable ShardIdentity pinned) throws IOException;
    }
}
