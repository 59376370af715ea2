package io.flm.data;

import java.net.URI;

/**
 * A shard on a server stays broken: its server said so for good, or sends other bytes than before. Another try, or another node, would
 * meet the same. A network that is down, or a token that is refused, says nothing of a shard and is no such fault.
 */
public final class BrokenShard extends UserException {
    private static final long serialVersionUID = 1L;

    static final Fault TOO_LONG = new Fault("its server sends more than it was asked for", "give another server");

    private final String shard;
    private final String fault;

    BrokenShard(URI url, Fault fault) {
        super(line(url, fault));
        this.shard = RemotePath.shown(url);
        this.fault = shard + ": " + fault.what();
    }

    BrokenShard(URI url, Fault fault, Throwable cause) {
        super(line(url, fault), cause);
        this.shard = RemotePath.shown(url);
        this.fault = shard + ": " + fault.what();
    }

    /**
     * The same, or a fault that ends the run where the address has a query: as texts such addresses are all alike, since a query may hold a
     * secret, so of two of them both would be left out.
     */
    static UserException of(URI url, Fault fault) {
        return url.getRawQuery() == null ? new BrokenShard(url, fault) : new UserException(line(url, fault));
    }

    static UserException of(URI url, Fault fault, Throwable cause) {
        return url.getRawQuery() == null
                ? new BrokenShard(url, fault, cause)
                : new UserException(line(url, fault), cause);
    }

    private static String line(URI url, Fault fault) {
        return RemotePath.shown(url) + ": " + fault;
    }

    /** What is wrong with it, without what to do: {@code shard: what it is}. */
    public String fault() {
        return fault;
    }

    /** What messages and {@link BrokenShards} call it: {@link PictureSource#file}. */
    public String shard() {
        return shard;
    }
}
