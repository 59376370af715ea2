package io.flm.exchange;

import java.util.Set;
import java.util.TreeSet;

/**
 * The step cannot be finished in this generation: a member was lost or left, or the exchange was closed. This member has not
 * committed it. The message is one line.
 */
public final class ExchangeException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient Set<Integer> lostNodes;

    public ExchangeException(String message) {
        this(message, Set.of());
    }

    public ExchangeException(String message, Throwable cause) {
        super(message, cause);
        this.lostNodes = Set.of();
    }

    /** @param lostNodes the nodes that were silent for too long, as indices of the group */
    public ExchangeException(String message, Set<Integer> lostNodes) {
        super(message);
        this.lostNodes = new TreeSet<>(lostNodes);
    }

    /**
     * The nodes that this member, or one that told it, holds for lost: indices of {@link GroupSpec#endpoints()}. Often empty. This
     * member's own node: its own exchange failed, whatever the others are like.
     */
    public Set<Integer> lostNodes() {
        return lostNodes;
    }
}
