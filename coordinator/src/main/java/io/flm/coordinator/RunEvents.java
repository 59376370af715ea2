package io.flm.coordinator;

import io.flm.worker.WireMessage;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The answer to {@link Coordinator.Subscribe}: the run as it stands, or what happened since.
 *
 * @param source names this coordinator since it was started: numbers of another one count other events
 * @param last the number of the newest event that the answer tells of
 * @param run as it stood after event {@code last}, if what came before it is not known to the asker, or not known here any more; else null
 * @param events those before and with {@code last}, without a gap; none where {@code run} is told, or nothing happened for a while
 */
public record RunEvents(String source, long last, @Nullable RunView run, List<Numbered> events) implements WireMessage {
    public RunEvents {
        events = List.copyOf(events);
    }

    /**
     * An event.
     *
     * @param number one more than that of the event before
     * @param at when it happened, in milliseconds since 1970
     */
    public record Numbered(long number, long at, RunEvent event) implements WireMessage {}
}
