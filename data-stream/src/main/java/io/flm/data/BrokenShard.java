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
        super(line(url, fault));
        this.shard = RemotePath.shown(url);
    }

    BrokenShard(URI url, String fault, Throwable cause) {
        super(line(url, fault), cause);
        this.shard = RemotePath.shown(url);
    }

    /**
     * The same, or a fault that ends the run where the address has a query: as texts such addresses are all alike, since a query may hold a
     * secret, so of two of them both would be left out.
     */
    static UserException of(URI url, String fault) {
        return url.getRawQuery() == null ? new BrokenShard(url, fault) : new UserException(line(url, fault));
    }

    static UserException of(URI url, String fault, Throwable cause) {
        return url.getRawQuery() == null
                ? new BrokenShard(url, fault, cause)
                : new UserException(line(url, fault), cause);
    }

    private static String line(URI url, String fault) {
        return RemotePath.shown(url) + ": " + fault;
    }

    /** What is wrong with it, where the message says also what to do: {@code shard: what it is; give other data}. */
    public String fault() {
        String message = String.valueOf(getMessage());
        int advice = message.lastIndexOf("; ");
        return advice <= shard.length() ? message : message.substring(0, advice);
    }

    /** What messages and {@link BrokenShards} call it: {@link PictureSource#file}. */
    public String shard() {
        return shard;
    }
}
