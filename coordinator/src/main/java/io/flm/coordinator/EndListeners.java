package io.flm.coordinator;

import java.util.ArrayDeque;
import java.util.Deque;

/** Those that asked to be told the end of a run. */
final class EndListeners {
    private static final int MOST = 100;

    private final Deque<Coordinator.AwaitEnd> listeners = new ArrayDeque<>();

    void add(Coordinator.AwaitEnd m) {
        listeners.addLast(m);
        if (listeners.size() > MOST) {
            listeners.removeFirst(); // it asks again
        }
    }

    /** Tells those that await the end of this run. */
    void tell(RunView last) {
        listeners.removeIf(m -> {
            boolean its = m.id().equals(last.id());
            if (its) {
                m.replyTo().tell(last);
            }
            return its;
        });
    }
}
