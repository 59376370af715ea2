package io.flm.data;

import java.net.URI;

/**
 * A shard on a server stays broken: its server said so for good, or sends other bytes than before. Another try, or another node, would
 * meet the same. A network that is down, or a token that is refused, says nothing of a shard and is no such fault.
 */
public final class BrokenShard extends UserException {
    private static final long serialVersionUID = 1L;

    private final String shard;

    BrokenShard(URI url, String fault) {
        super(RemotePath.shown(url) + ": " + fault);
        this.shard = RemotePath.shown(url);
    }

    BrokenShard(URI url, String fault, Throwable cause) {
        super(RemotePath.shown(url) + ": " + fault, cause);
        this.shard = RemotePath.shown(url);
    }

    /** What messages and {@link BrokenShards} call it: {@link PictureSource#file}. */
    public String shard() {
        return shard;
    }
}
