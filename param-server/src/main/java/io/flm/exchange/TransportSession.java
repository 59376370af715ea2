package io.flm.exchange;

import io.aeron.Image;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a {@link Transport} works for: one generation of a process group. Called by the thread that holds the duty. */
interface TransportSession {
    long generation();

    /** Of all of its nodes. */
    List<Endpoint> endpoints();

    /** Does a short slice of work; how much there was to do. */
    int work(long now);

    /** Whether the transport may forget it: it has ended, and the others know and have what they need. */
    boolean isDone(long now);

    /**
     * Takes a frame of its generation; false: it has to wait, and all behind it.
     *
     * @param image what the frame came by; null: a shared ring
     */
    boolean onFrame(int stream, @Nullable Image image, FrameReader frame);

    /** Ends the generation. */
    void fail(String reason);

    /** Ends the generation because this node cannot go on, not another one. */
    void failHere(String reason);
}
